# The worst paths, a line each: slack, start, end; then the worst one in full, then what the netlist
# has of checks that found no clock or no constraint.
foreach path [find_timing_paths -path_delay max -group_count $kiln_paths] {
    set start [get_property [get_property $path startpoint] full_name]
    set end [get_property [get_property $path endpoint] full_name]
    puts "kiln-path [get_property $path slack] $start $end"
}
puts "kiln-worst"
report_checks -path_delay max -fields {slew cap input} -digits 4
puts "kiln-setup"
check_setup -no_clock -loops -unconstrained_endpoints
