// The C interface of kiln.h on a Machine.
#include "kiln.h"

#include "machine.h"

struct kiln {
    Machine machine;
};

namespace {

constexpr uint64_t kPoll = 1024;  // cycles between looks at the status while a run goes on

bool wait_ready(Machine& machine, const kiln_protocol& protocol, uint64_t limit, int& result) {
    const uint64_t end = machine.cycles() + limit;
    int idle = 0;
    do {
        uint32_t status, answer;
        if (!machine.read(protocol.status, status, answer, limit)) return false;
        if (answer != 0) {
            result = KILN_BUS;
            return true;
        }
        if ((status & protocol.ready_mask) == protocol.ready_value) {
            result = KILN_OK;
            return true;
        }
        if (!(status & protocol.loading) && ++idle == 2) {
            result = KILN_STOPPED;
            return true;
        }
    } while (machine.cycles() < end);
    return false;
}

// From a started run to its irq and the last word of its result.
int finish(Machine& machine, const kiln_protocol& protocol, uint64_t limit) {
    const uint64_t end = machine.cycles() + limit;
    uint64_t poll = machine.cycles() + kPoll;
    int idle = 0;
    for (;;) {
        machine.cycle();
        if (machine.irq()) machine.computing(false);
        if (machine.irq() && machine.sink.ended) return KILN_OK;
        if (machine.cycles() >= end) return KILN_TIMEOUT;
        const bool full = machine.sink.next == machine.sink.end && !machine.sink.ended;
        if (full && (machine.irq() || machine.offers())) return KILN_LENGTH;
        if (machine.cycles() < poll) continue;
        poll = machine.cycles() + kPoll;
        uint32_t status, answer;
        if (!machine.read(protocol.status, status, answer, limit)) return KILN_TIMEOUT;
        if (answer != 0) return KILN_BUS;
        idle = status & protocol.active ? 0 : idle + 1;
        if (idle == 2) return KILN_STOPPED;
    }
}

int infer(kiln* k, const kiln_protocol& protocol, const uint64_t* frame, size_t frame_words,
          uint64_t* result, size_t result_words, uint32_t* cycles, uint64_t limit) {
    Machine& machine = k->machine.use();
    size_t sent;
    int code = kiln_send(k, frame, frame_words, 1, &sent, limit);
    if (code != KILN_OK) return code;
    if (!wait_ready(machine, protocol, limit, code)) return KILN_TIMEOUT;
    if (code != KILN_OK) return code;
    machine.sink.next = result;
    machine.sink.end = result + result_words;
    machine.sink.ended = false;
    code = kiln_write(k, protocol.control, protocol.start, limit);
    machine.computing(code == KILN_OK);
    if (code == KILN_OK) code = finish(machine, protocol, limit);
    machine.computing(false);
    if (code == KILN_OK && machine.sink.next != machine.sink.end) code = KILN_LENGTH;
    machine.sink.next = machine.sink.end = nullptr;
    if (code != KILN_OK) return code;
    return kiln_read(k, protocol.cycles, cycles, limit);
}

}  // namespace

extern "C" {

kiln* kiln_create(const char* trace) {
    if (trace && !Machine::can_trace) return nullptr;
    return new kiln{Machine(trace)};
}

void kiln_destroy(kiln* k) { delete k; }
void kiln_trace(kiln* k, int on) { k->machine.trace(on != 0); }

void kiln_stalls(kiln* k, uint64_t seed, uint32_t in, uint32_t out) {
    k->machine.source.stalls.set(2 * seed, in);
    k->machine.sink.stalls.set(2 * seed + 1, out);
}

uint64_t kiln_cycles(const kiln* k) { return k->machine.cycles(); }
int kiln_irq(const kiln* k) { return k->machine.irq(); }
void kiln_reset(kiln* k, uint64_t cycles) { k->machine.use().reset(cycles); }

void kiln_step(kiln* k, uint64_t cycles) {
    Machine& machine = k->machine.use();
    for (; cycles != 0; --cycles) machine.cycle();
}

int kiln_wait_irq(kiln* k, uint64_t limit) {
    Machine& machine = k->machine.use();
    for (; !machine.irq(); --limit) {
        if (limit == 0) return KILN_TIMEOUT;
        machine.cycle();
    }
    return KILN_OK;
}

int kiln_write(kiln* k, uint32_t address, uint32_t value, uint64_t limit) {
    uint32_t answer = 0;
    if (!k->machine.use().write(address, value, answer, limit)) return KILN_TIMEOUT;
    return answer == 0 ? KILN_OK : KILN_BUS;
}

int kiln_read(kiln* k, uint32_t address, uint32_t* value, uint64_t limit) {
    uint32_t answer = 0;
    if (!k->machine.use().read(address, *value, answer, limit)) return KILN_TIMEOUT;
    return answer == 0 ? KILN_OK : KILN_BUS;
}

int kiln_send(kiln* k, const uint64_t* words, size_t count, int last, size_t* sent,
              uint64_t limit) {
    Machine& machine = k->machine.use();
    Source& source = machine.source;
    source.next = words;
    source.end = words + count;
    source.last = last != 0;
    for (; !source.idle() && limit != 0; --limit) machine.cycle();
    *sent = source.next - words;
    const bool complete = source.idle();
    source.next = source.end = nullptr;
    source.offered = false;
    return complete ? KILN_OK : KILN_TIMEOUT;
}

int kiln_receive(kiln* k, uint64_t* words, size_t room, size_t* received, int* ended,
                 uint32_t* keep, uint64_t limit) {
    Machine& machine = k->machine.use();
    Sink& sink = machine.sink;
    sink.next = words;
    sink.end = words + room;
    sink.ended = false;
    for (; sink.open() && limit != 0; --limit) machine.cycle();
    const bool complete = !sink.open();
    *received = sink.next - words;
    *ended = sink.ended;
    *keep = sink.keep;
    sink.next = sink.end = nullptr;
    return complete ? KILN_OK : KILN_TIMEOUT;
}

int kiln_infer(kiln* k, const struct kiln_protocol* protocol, const uint64_t* frames,
               size_t frame_words, size_t count, uint64_t* results, size_t result_words,
               uint32_t* cycles, size_t* done, uint64_t limit) {
    for (*done = 0; *done < count; ++*done) {
        const int code = infer(k, *protocol, frames + *done * frame_words, frame_words,
                               results + *done * result_words, result_words, cycles + *done, limit);
        if (code != KILN_OK) return code;
    }
    return KILN_OK;
}

int kiln_flow(kiln* k, const uint64_t* frames, size_t frame_words, size_t count, size_t wanted,
              uint64_t* results, size_t result_words, uint64_t* starts, uint64_t* ends,
              size_t* done, uint64_t limit) {
    Machine& machine = k->machine.use();
    Source& source = machine.source;
    Sink& sink = machine.sink;
    source.next = frames;
    source.end = frames + count * frame_words;
    source.packet = frame_words;
    source.last = true;
    sink.next = results;
    sink.end = results + wanted * result_words;
    sink.ended = false;
    int code = KILN_OK;
    size_t begun = 0;
    uint64_t idle = 0;
    for (*done = 0; *done < wanted && code == KILN_OK;) {
        const uint64_t now = machine.cycles();
        machine.cycle();
        if (begun < count && source.next > frames + begun * frame_words) starts[begun++] = now;
        if (sink.ended) {
            sink.ended = false;
            idle = 0;
            if (sink.next == results + (*done + 1) * result_words) {
                ends[(*done)++] = now;
                machine.computing(*done < wanted);
            } else {
                code = KILN_LENGTH;
            }
        } else if (sink.next == sink.end) {
            code = KILN_LENGTH;
        } else if (++idle >= limit) {
            code = KILN_TIMEOUT;
        }
    }
    machine.computing(false);
    source.next = source.end = nullptr;
    source.packet = 0;
    source.offered = false;
    sink.next = sink.end = nullptr;
    return code;
}
}
