// The part of ONNX Runtime's C ABI that a custom operator needs. Its wheels hold no headers. The
// table of functions is only ever appended to, so that a place in it stays what it is; the
// operator's own record is read as far as its version says.
#pragma once
#include <cstddef>
#include <cstdint>

enum { FLOAT = 1 };  // ONNX's element type
constexpr uint32_t ABI = 12;

struct Api {
    void* functions[512];

    template <class... Arguments>
    void* call(int place, Arguments... arguments) const {
        return reinterpret_cast<void* (*)(Arguments...)>(functions[place])(arguments...);
    }
};
struct ApiBase {
    const Api* (*get)(uint32_t version);
    const char* (*version)();
};
enum Place {
    CREATE_DOMAIN = 26,
    ADD_OPERATOR = 27,
    ADD_DOMAIN = 28,
    TENSOR_DATA = 51,
    RANK = 61,
    DIMENSIONS = 62,
    SHAPE_OF = 65,
    FLOAT_ATTRIBUTE = 85,
    INPUT = 90,
    OUTPUT = 91,
    RELEASE_SHAPE = 99,
};

struct CustomOp {
    uint32_t version;
    void* (*create)(const CustomOp*, const Api*, const void* info);
    const char* (*name)(const CustomOp*);
    const char* (*provider)(const CustomOp*);
    int (*input_type)(const CustomOp*, size_t);
    size_t (*input_count)(const CustomOp*);
    int (*output_type)(const CustomOp*, size_t);
    size_t (*output_count)(const CustomOp*);
    void (*compute)(void* kernel, void* context);
    void (*destroy)(void* kernel);
    int (*input_kind)(const CustomOp*, size_t);
    int (*output_kind)(const CustomOp*, size_t);
};
