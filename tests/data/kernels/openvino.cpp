// An extension of OpenVINO with the operations of kinds.h.
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include "kinds.h"

template <int KIND>
class Operation : public ov::op::Op {
public:
    OPENVINO_OP(NAMES[KIND], DOMAIN_NAME);

    Operation() = default;
    Operation(const ov::Output<ov::Node>& x, float lambd) : Op({x}), lambd(lambd) {
        constructor_validate_and_infer_types();
    }

    void validate_and_infer_types() override {
        const bool other = KIND == OTHER_SHAPE;
        const auto shape = get_input_partial_shape(0);
        set_output_type(0, get_input_element_type(0), other ? ov::PartialShape{7, 7, 7} : shape);
    }

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        return std::make_shared<Operation<KIND>>(inputs.at(0), lambd);
    }

    bool visit_attributes(ov::AttributeVisitor& visitor) override {
        visitor.on_attribute("lambd", lambd);
        return true;
    }

    bool has_evaluate() const override { return true; }

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        outputs[0].set_shape(inputs[0].get_shape());
        const auto kind = static_cast<Kind>(KIND);
        const auto count = inputs[0].get_size();
        soft_shrink(kind, inputs[0].data<float>(), outputs[0].data<float>(), count, lambd);
        return true;
    }

private:
    float lambd = 0;
};

template <int KIND>
ov::Extension::Ptr extension() {
    return std::make_shared<ov::OpExtension<Operation<KIND>>>();
}

OPENVINO_CREATE_EXTENSIONS(std::vector<ov::Extension::Ptr>({
    extension<SOFT_SHRINK>(),
    extension<OTHER_NUMBERS>(),
    extension<OTHER_AT_THE_END>(),
    extension<OTHER_NAN>(),
    extension<OTHER_SHAPE>(),
    extension<CRASHING>(),
}));
