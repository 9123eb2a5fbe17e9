// The Verilated top, one clock cycle at a time, with a driver on each of its channels.
#ifndef KILN_MACHINE_H
#define KILN_MACHINE_H

#include <memory>
#include <string>

#include "Vtop.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#elif VM_TRACE_SAIF
#include "verilated_saif_c.h"
#endif

// Verilator writes a double underscore in a port's name as ___05F.
#define S_AXIL(name) top->s_axil___05F##name
#define S_AXIS(name) top->s_axis___05F##name
#define M_AXIS(name) top->m_axis___05F##name

// Pseudo-random stalls: xorshift64*.
class Stalls {
    uint64_t state = 1;
    uint32_t share = 0;  // of 2^32 cycles

public:
    void set(uint64_t seed, uint32_t stalled) {
        state = seed * 0x9E3779B97F4A7C15u + 1;
        if (state == 0) state = 1;
        share = stalled;
    }
    bool operator()() {
        if (share == 0) return false;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return static_cast<uint32_t>((state * 0x2545F4914F6CDD1Du) >> 32) < share;
    }
};

// Words to send on s_axis. A word once offered stays until it is taken. The last one gets TLAST if
// `last` says so; with `packet` that many words, one after the other, are a packet each.
struct Source {
    const uint64_t* next = nullptr;
    const uint64_t* end = nullptr;
    size_t packet = 0;
    bool last = false;
    bool offered = false;
    Stalls stalls;

    bool idle() const { return next == end; }
    bool ends() const {
        const size_t left = end - next;
        return last && (packet ? left % packet == 1 % packet : left == 1);
    }
};

// Room for words from m_axis. ready stays low without room, and after TLAST.
struct Sink {
    uint64_t* next = nullptr;
    uint64_t* end = nullptr;
    bool ended = false;
    uint32_t keep = 0;
    Stalls stalls;

    bool open() const { return next != end && !ended; }
};

class Machine {
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<Vtop> top;
#if VM_TRACE_FST
    std::unique_ptr<VerilatedFstC> waves;
#elif VM_TRACE_SAIF
    // Between the first dump of a window and the rest: the time that a net was high, divided by
    // this, is its first value. The writer itself counts a first value of 1 as a transition.
    static constexpr uint64_t kPause = uint64_t(1) << 40;
    std::unique_ptr<VerilatedSaifC> waves;  // while a window is open
    std::string trace_name;
    uint64_t windows = 0, trace_time = 0;
    bool window = false;
#endif
    bool tracing = false;
    uint64_t count = 0;

    void dump(uint64_t half) {
#if VM_TRACE_FST
        if (tracing) waves->dump(2 * count + half);
#elif VM_TRACE_SAIF
        if (half == 0 && window && !waves) open_window();
        if (!waves) return;
        waves->dump(trace_time++);
        if (half == 0 && !window) waves.reset();
#else
        (void)half;
#endif
    }

#if VM_TRACE_SAIF
    // Windows begin and end where a cycle has settled, so that they hold whole cycles. Each has a
    // writer of its own: one that is opened again would not see all values at first.
    void open_window() {
        waves.reset(new VerilatedSaifC);
        top->trace(waves.get(), 99);
        waves->open((trace_name + "." + std::to_string(windows++)).c_str());
        waves->dump(uint64_t(0));
        trace_time = kPause;
    }
#endif

    // The second half of a cycle: the rising edge.
    void edge() {
        top->clk = 1;
        top->eval();
        dump(1);
        top->clk = 0;
        ++count;
    }

    // The first half: inputs settle, outputs are what the edge will see.
    void settle() {
        top->eval();
        dump(0);
    }

    void idle() {
        settle();
        edge();
    }

public:
    Source source;
    Sink sink;

    static constexpr bool can_trace = VM_TRACE;

    explicit Machine(const char* trace) : context(new VerilatedContext) {
#if VM_TRACE_SAIF
        // States without an initial value, those of gates, wake up at random.
        context->randReset(2);
        context->randSeed(1);
#endif
        top.reset(new Vtop(context.get(), "top"));
#if VM_TRACE_FST
        if (trace) {
            context->traceEverOn(true);
            waves.reset(new VerilatedFstC);
            top->trace(waves.get(), 99);
            waves->open(trace);
            tracing = true;
        }
#elif VM_TRACE_SAIF
        if (trace) {
            context->traceEverOn(true);
            trace_name = trace;
            tracing = true;
        }
#else
        (void)trace;
#endif
        top->clk = 0;
        top->rst = 0;
        S_AXIL(bready) = 1;
        S_AXIL(rready) = 1;
        reset(4);
    }

    ~Machine() {
        use();
        top->final();
#if VM_TRACE
        if (waves) waves->close();
#endif
    }

    // Verilator looks for its context in the thread; with several machines it is to be this one's.
    Machine& use() {
        Verilated::threadContextp(context.get());
        return *this;
    }

    uint64_t cycles() const { return count; }
    bool irq() const { return top->irq; }
    bool offers() const { return M_AXIS(tvalid); }
    void trace(bool on) {
#if VM_TRACE_FST
        tracing = on && waves;
#elif VM_TRACE_SAIF
        tracing = on && !trace_name.empty();
#else
        (void)on;
#endif
    }

    // Whether the machine computes: activity is counted from here on, or until here.
    void computing(bool on) {
#if VM_TRACE_SAIF
        window = on && tracing;
#else
        (void)on;
#endif
    }

    void reset(uint64_t cycles) {
        S_AXIL(awvalid) = 0;
        S_AXIL(wvalid) = 0;
        S_AXIL(arvalid) = 0;
        source.next = source.end = nullptr;
        source.offered = false;
        S_AXIS(tvalid) = 0;
        sink.next = sink.end = nullptr;
        M_AXIS(tready) = 0;
        top->rst = 1;
        for (; cycles != 0; --cycles) idle();
        top->rst = 0;
        idle();  // the design sees its reset one cycle late
    }

    // One cycle in which the streams move; `sample`, if any, sees the outputs before the edge.
    template <class Sample>
    void cycle(Sample sample) {
        if (!source.idle() && !source.offered && !source.stalls()) source.offered = true;
        S_AXIS(tvalid) = source.offered;
        if (source.offered) {
            S_AXIS(tdata) = *source.next;
            S_AXIS(tlast) = source.ends();
        }
        M_AXIS(tready) = sink.open() && !sink.stalls();
        settle();
        if (source.offered && S_AXIS(tready)) {
            ++source.next;
            source.offered = false;
        }
        if (M_AXIS(tready) && M_AXIS(tvalid)) {
            *sink.next++ = M_AXIS(tdata);
            sink.keep = M_AXIS(tkeep);
            sink.ended = M_AXIS(tlast);
        }
        sample();
        edge();
    }
    void cycle() {
        cycle([] {});
    }

    // A write; false if there was no answer within the limit.
    bool write(uint32_t address, uint32_t value, uint32_t& answer, uint64_t limit) {
        S_AXIL(awaddr) = address;
        S_AXIL(wdata) = value;
        S_AXIL(wstrb) = 0xF;
        bool address_taken = false, data_taken = false, answered = false;
        for (; limit != 0 && !answered; --limit) {
            S_AXIL(awvalid) = !address_taken;
            S_AXIL(wvalid) = !data_taken;
            cycle([&] {
                address_taken |= static_cast<bool>(S_AXIL(awready));
                data_taken |= static_cast<bool>(S_AXIL(wready));
                answered = S_AXIL(bvalid);
                answer = S_AXIL(bresp);
            });
        }
        S_AXIL(awvalid) = 0;
        S_AXIL(wvalid) = 0;
        return answered;
    }

    bool read(uint32_t address, uint32_t& value, uint32_t& answer, uint64_t limit) {
        S_AXIL(araddr) = address;
        bool taken = false, answered = false;
        for (; limit != 0 && !answered; --limit) {
            S_AXIL(arvalid) = !taken;
            cycle([&] {
                taken |= static_cast<bool>(S_AXIL(arready));
                answered = S_AXIL(rvalid);
                value = S_AXIL(rdata);
                answer = S_AXIL(rresp);
            });
        }
        S_AXIL(arvalid) = 0;
        return answered;
    }
};

#endif
