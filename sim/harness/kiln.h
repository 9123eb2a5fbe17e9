// C interface to a Verilated top with clk, rst, irq, an AXI4-Lite subordinate s_axil and two
// AXI4-Streams, s_axis (in) and m_axis (out). Every call is bounded in cycles. Functions return a
// code of kiln_result; a model must not be used by two threads at once.
#ifndef KILN_H
#define KILN_H

#include <stddef.h>
#include <stdint.h>

#define KILN_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kiln kiln;

enum kiln_result {
    KILN_OK = 0,
    KILN_TIMEOUT = 1,  // the cycle limit was reached first
    KILN_BUS = 2,      // the bus answered other than OKAY
    KILN_STOPPED = 3,  // the machine went idle without a result: it refused, or gave up
    KILN_LENGTH = 4,   // a result had another length than asked for
};

// How a machine is run through its registers: addresses and bit masks.
struct kiln_protocol {
    uint32_t control;      // address: writing `start` starts
    uint32_t start;
    uint32_t status;       // address
    uint32_t ready_mask;   // inputs are in when (status & ready_mask) == ready_value
    uint32_t ready_value;
    uint32_t loading;      // status bit: input is still being taken
    uint32_t active;       // status bits: computing, or results on their way
    uint32_t cycles;       // address: cycles of the last run
};

// A model in reset state. `trace` is the FST file to write, or null; only models built for it can
// trace, others return null then. Models built for SAIF instead write one file for each inference
// of kiln_infer, from its start to irq, and one for each kiln_flow, from the end of its first result
// to that of its last, with a number behind the name. It is complete after another cycle.
KILN_EXPORT kiln* kiln_create(const char* trace);
KILN_EXPORT void kiln_destroy(kiln*);
KILN_EXPORT void kiln_trace(kiln*, int on);

// Stalls at random: s_axis holds back a word, m_axis its ready, in `in` and `out` of 2^32 cycles.
KILN_EXPORT void kiln_stalls(kiln*, uint64_t seed, uint32_t in, uint32_t out);

KILN_EXPORT uint64_t kiln_cycles(const kiln*);
KILN_EXPORT int kiln_irq(const kiln*);
KILN_EXPORT void kiln_step(kiln*, uint64_t cycles);
KILN_EXPORT void kiln_reset(kiln*, uint64_t cycles);
KILN_EXPORT int kiln_wait_irq(kiln*, uint64_t limit);
KILN_EXPORT int kiln_write(kiln*, uint32_t address, uint32_t value, uint64_t limit);
KILN_EXPORT int kiln_read(kiln*, uint32_t address, uint32_t* value, uint64_t limit);

// Send words; `last` marks the last of them with TLAST. After a timeout `sent` of them are in.
KILN_EXPORT int kiln_send(kiln*, const uint64_t* words, size_t count, int last, size_t* sent,
                          uint64_t limit);

// Receive until TLAST, or until `room` words are there (`ended` says which); `keep` is the TKEEP
// of the last word.
KILN_EXPORT int kiln_receive(kiln*, uint64_t* words, size_t room, size_t* received, int* ended,
                             uint32_t* keep, uint64_t limit);

// Run `count` inferences. For each: send its frame of `frame_words`, wait until it is in, start,
// wait for irq and for a result of exactly `result_words`, read the cycles. `limit` bounds each
// wait. `done` inferences were complete when it returned.
KILN_EXPORT int kiln_infer(kiln*, const struct kiln_protocol*, const uint64_t* frames,
                           size_t frame_words, size_t count, uint64_t* results,
                           size_t result_words, uint32_t* cycles, size_t* done, uint64_t limit);

// Let `count` frames of `frame_words` flow through, each a packet of s_axis, and receive packets of
// exactly `result_words` in the meantime, until the first `wanted` are there. `starts` are the cycles in which the first word
// of each frame was taken, `ends` (of `wanted`) those in which the last of its result was. Gives up when for
// `limit` cycles no result ended; `done` frames were complete when it returned.
KILN_EXPORT int kiln_flow(kiln*, const uint64_t* frames, size_t frame_words, size_t count,
                          size_t wanted, uint64_t* results, size_t result_words, uint64_t* starts,
                          uint64_t* ends, size_t* done, uint64_t limit);

#ifdef __cplusplus
}
#endif
#endif
