# One clock. Inputs come from registers outside, outputs go to such; both have a share of the
# period for the wires between. The run sets the variables kiln_*.
create_clock -name clk -period $kiln_period [get_ports clk]
set kiln_inputs [list]
foreach port [all_inputs] {
    if {[get_property $port full_name] ne "clk"} { lappend kiln_inputs $port }
}
if {[llength $kiln_inputs]} {
    set_input_delay $kiln_input_delay -clock clk $kiln_inputs
    set_driving_cell -lib_cell $kiln_driver $kiln_inputs
}
if {[llength [all_outputs]]} {
    set_output_delay $kiln_output_delay -clock clk [all_outputs]
    set_load $kiln_output_load [all_outputs]
}
