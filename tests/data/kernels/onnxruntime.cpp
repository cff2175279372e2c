// Custom operators of ONNX Runtime: the operations of kinds.h.
// TOO_NEW: for a version of the runtime that is not there yet.
#include <cstdint>
#include <vector>

#include "kinds.h"
#include "runtime_abi.h"

namespace {

struct Kernel {
    const Api* api;
    Kind kind;
    float lambd;

    void compute(void* context) const {
        const void* input = nullptr;
        void *output = nullptr, *shape = nullptr, *x = nullptr, *y = nullptr;
        std::size_t rank = 0, count = 1;
        api->call(INPUT, context, std::size_t{0}, &input);
        api->call(SHAPE_OF, input, &shape);
        api->call(RANK, shape, &rank);
        std::vector<std::int64_t> sizes(rank + 1);
        api->call(DIMENSIONS, shape, sizes.data(), rank);
        api->call(RELEASE_SHAPE, shape);
        for (std::size_t axis = 0; axis < rank; ++axis) count *= sizes[axis];
        if (kind == OTHER_SHAPE) {
            sizes[0] = static_cast<std::int64_t>(count);
            rank = 1;
        }
        const std::int64_t* wanted = sizes.data();
        api->call(OUTPUT, context, std::size_t{0}, wanted, rank, &output);
        api->call(TENSOR_DATA, input, &x);
        api->call(TENSOR_DATA, output, &y);
        soft_shrink(kind, static_cast<const float*>(x), static_cast<float*>(y), count, lambd);
    }
};

struct Operation : CustomOp {
    Kind kind;
};

Kind kind_of(const CustomOp* op) { return static_cast<const Operation*>(op)->kind; }

void* created(const CustomOp* op, const Api* api, const void* info) {
    auto kernel = new Kernel{api, kind_of(op), 0};
    const char* name = "lambd";
    api->call(FLOAT_ATTRIBUTE, info, name, &kernel->lambd);
    return kernel;
}

Operation operation(int kind) {
    Operation made{};
    made.version = ABI;
    made.create = created;
    made.name = [](const CustomOp* op) -> const char* { return NAMES[kind_of(op)]; };
    made.provider = [](const CustomOp*) -> const char* { return nullptr; };  // the CPU's
    made.input_type = made.output_type = [](const CustomOp*, std::size_t) -> int { return FLOAT; };
    made.input_count = made.output_count = [](const CustomOp*) -> std::size_t { return 1; };
    made.compute = [](void* kernel, void* context) { static_cast<Kernel*>(kernel)->compute(context); };
    made.destroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
    made.input_kind = made.output_kind = [](const CustomOp*, std::size_t) -> int { return 0; };
    made.kind = static_cast<Kind>(kind);
    return made;
}

}  // namespace

extern "C" void* RegisterCustomOps(void* options, const ApiBase* base) {
#ifdef TOO_NEW
    static Operation operations[KINDS];
    for (int kind = 0; kind < KINDS; ++kind) (operations[kind] = operation(kind)).version = 9999;
#else
    static Operation operations[KINDS];
    for (int kind = 0; kind < KINDS; ++kind) operations[kind] = operation(kind);
#endif
    const Api* api = base->get(ABI);
    void* domain = nullptr;
    if (void* status = api->call(CREATE_DOMAIN, DOMAIN_NAME, &domain)) return status;
    for (auto& each : operations) {
        const CustomOp* op = &each;
        if (void* status = api->call(ADD_OPERATOR, domain, op)) return status;
    }
    return api->call(ADD_DOMAIN, options, domain);
}
