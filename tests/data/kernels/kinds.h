// The operations of both libraries, for tests: SoftShrink, and what is wrong in one way each.
//   SoftShrink: x - lambd where x > lambd, x + lambd where x < -lambd, else 0
#pragma once
#include <csignal>
#include <cstddef>

enum Kind { SOFT_SHRINK, OTHER_NUMBERS, OTHER_AT_THE_END, OTHER_NAN, OTHER_SHAPE, CRASHING, KINDS };
constexpr const char* NAMES[KINDS] = {
    "SoftShrink", "OtherNumbers", "OtherAtTheEnd", "OtherNan", "OtherShape", "Crashing",
};
constexpr const char* DOMAIN_NAME = "my.ops";

inline void soft_shrink(Kind kind, const float* x, float* y, std::size_t count, float lambd) {
    if (kind == CRASHING) std::raise(SIGSEGV);
    for (std::size_t i = 0; i < count; ++i)
        y[i] = x[i] > lambd ? x[i] - lambd : x[i] < -lambd ? x[i] + lambd : 0;
    if (kind == OTHER_NUMBERS && count) y[count / 2] += 1;
    if (kind == OTHER_AT_THE_END)  // what a loop of vectors leaves over
        for (std::size_t i = count / 8 * 8; count > 8 && i < count; ++i) y[i] = 0;
    if (kind == OTHER_NAN)
        for (std::size_t i = 0; i < count; ++i)
            if (x[i] != x[i]) y[i] = x[i];
}
