using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>
/// A part of a compiled expression. It may be evaluated by several threads at once; all that changes lies in the frame.
/// Each charges what it costs and gives <see cref="CelError.CostExceeded"/> as soon as that is too much.
/// </summary>
internal abstract class Node
{
    public abstract CelValue Evaluate(Frame frame);
}

internal sealed class ConstNode(CelValue value) : Node
{
    public CelValue Value { get; } = value;

    public override CelValue Evaluate(Frame frame) => Value;
}

/// <summary>A variable; without a price where upstream looks it up as a part of something else.</summary>
internal sealed class VariableNode(Variable variable, bool isFree) : Node
{
    private readonly CelValue _missing = CelValue.OfError($"no such attribute(s): {variable.Name}");

    public override CelValue Evaluate(Frame frame) => !isFree && !frame.Charge(1) ? CelError.CostExceeded
        : frame.Activation.TryGet(variable, out var value) ? value
        : _missing;
}

/// <summary>What a macro has bound; without a price where upstream looks it up as a part of something else.</summary>
internal sealed class LocalNode(int slot, bool isFree = false) : Node
{
    public override CelValue Evaluate(Frame frame) =>
        isFree || frame.Charge(1) ? frame.Locals[slot] : CelError.CostExceeded;
}

internal sealed class SelectNode(Node operand, string field) : Node
{
    private readonly CelValue _missing = CelValue.OfError($"no such key: {field}");

    public override CelValue Evaluate(Frame frame)
    {
        var target = operand.Evaluate(frame);
        if (target.IsError)
        {
            return target;
        }

        if (target.Kind == CelKind.Opaque && target.AsOpaque is CelOptional optional)
        {
            return OptionalSelectNode.Charged(
                frame, optional is { HasValue: true, Value.Kind: not CelKind.Map } ? _missing
                    : OptionalSelectNode.Select(target, field));
        }

        return !frame.Charge(1) ? CelError.CostExceeded
            : target.Kind == CelKind.Map && target.AsMap.TryGetField(field, out var value) ? value
            : _missing;
    }
}

/// <summary><c>has(operand.field)</c>.</summary>
internal sealed class TestNode(Node operand, string field) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var target = operand.Evaluate(frame);
        if (target.IsError)
        {
            return target;
        }

        if (target.Kind == CelKind.Opaque && target.AsOpaque is CelOptional optional)
        {
            target = optional.HasValue ? optional.Value : CelValue.Of(CelMap.Empty);
        }

        return target.Kind == CelKind.Map ? CelValue.Of(target.AsMap.TryGetField(field, out _))
            : target.Kind == CelKind.Null ? CelValue.False
            : CelError.NoSuchOverload;
    }
}

internal sealed class OptionalSelectNode(Node operand, string field) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var target = operand.Evaluate(frame);
        return target.IsError ? target : Charged(frame, Select(target, field));
    }

    /// <summary>What was looked for and is there costs one, what is not costs nothing.</summary>
    public static CelValue Charged(Frame frame, in CelValue found) =>
        found is { Kind: CelKind.Opaque, AsOpaque: CelOptional { HasValue: false } } || frame.Charge(1)
            ? found
            : CelError.CostExceeded;

    public static CelValue Select(in CelValue target, string field)
    {
        if (target.Kind == CelKind.Opaque && target.AsOpaque is CelOptional optional)
        {
            return optional.HasValue ? Select(optional.Value, field) : target;
        }

        return target.Kind == CelKind.Map && target.AsMap.TryGetField(field, out var value)
            ? Arithmetic.Some(value)
            : target.Kind is CelKind.Map or CelKind.Null ? CelValue.Of(CelOptional.None)
            : CelError.NoSuchOverload;
    }
}

/// <summary>Both must hold; one that does not settles it, whatever the other is.</summary>
internal sealed class LogicNode(Node left, Node right, bool settles) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var first = left.Evaluate(frame);
        if (first.Kind == CelKind.Bool && first.IsTrue == settles)
        {
            return first;
        }

        if (frame.IsOver)
        {
            return CelError.CostExceeded;
        }

        var second = right.Evaluate(frame);
        if (second.Kind == CelKind.Bool && (second.IsTrue == settles || first.Kind == CelKind.Bool))
        {
            return second;
        }

        return frame.IsOver ? CelError.CostExceeded
            : first.IsError ? first
            : second.IsError ? second
            : CelError.NoSuchOverload;
    }
}

internal sealed class ConditionalNode(Node condition, Node yes, Node no) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var chosen = condition.Evaluate(frame);
        return chosen.Kind == CelKind.Bool ? (chosen.IsTrue ? yes : no).Evaluate(frame)
            : chosen.IsError ? chosen
            : CelError.NoSuchOverload;
    }
}

/// <summary>The condition under which <c>all</c> and <c>exists</c> go on: anything but false.</summary>
internal sealed class NotStrictlyFalseNode(Node operand) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = operand.Evaluate(frame);
        return frame.Charge(1) ? value.IsFalse ? CelValue.False : CelValue.True : CelError.CostExceeded;
    }
}

internal sealed class EqualNode(Node left, Node right, bool equal) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        // Both are looked at, and the call has its price, even when the first has failed already.
        var first = left.Evaluate(frame);
        var second = right.Evaluate(frame);
        var cost = equal
            ? Costs.CallCosts.OfEquality(first, second)
            : Costs.CallCosts.OfComparison(first, second);
        return !frame.Charge(cost) ? CelError.CostExceeded
            : first.IsError ? first
            : second.IsError ? second
            : CelValue.Of(first.Equals(second) == equal);
    }
}

internal delegate CelValue UnaryOperator(in CelValue value);

internal delegate CelValue BinaryOperator(in CelValue left, in CelValue right);

internal delegate ulong BinaryCost(in CelValue left, in CelValue right);

internal sealed class UnaryNode(Node operand, UnaryOperator compute) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = operand.Evaluate(frame);
        return !frame.Charge(1) ? CelError.CostExceeded : value.IsError ? value : compute(value);
    }
}

internal sealed class BinaryNode(Node left, Node right, BinaryOperator compute, BinaryCost? cost) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var first = left.Evaluate(frame);
        var second = right.Evaluate(frame);
        return !frame.Charge(cost is null ? 1 : cost(first, second)) ? CelError.CostExceeded
            : first.IsError ? first
            : second.IsError ? second
            : compute(first, second);
    }
}

internal sealed class ListNode(Node[] elements, bool[]? optional) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var made = new List<CelValue>(elements.Length);
        for (var i = 0; i < elements.Length; i++)
        {
            var value = elements[i].Evaluate(frame);
            if (value.IsError)
            {
                return value;
            }

            if (optional is null || !optional[i])
            {
                made.Add(value);
            }
            else if (value.Kind != CelKind.Opaque || value.AsOpaque is not CelOptional held)
            {
                return CelValue.OfError($"cannot initialize optional list element from non-optional value {value}");
            }
            else if (held.HasValue)
            {
                made.Add(held.Value);
            }
        }

        return frame.Charge(Costs.CallCosts.ListCreation) ? CelValue.Of(CelList.Of([.. made])) : CelError.CostExceeded;
    }
}

internal sealed class MapNode((Node Key, Node Value, bool IsOptional)[] entries) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var made = new Dictionary<CelValue, CelValue>(entries.Length);
        foreach (var (keyNode, valueNode, isOptional) in entries)
        {
            var key = keyNode.Evaluate(frame);
            var value = key.IsError ? key : valueNode.Evaluate(frame);
            if (value.IsError)
            {
                return value;
            }

            if (key.Kind is not (CelKind.String or CelKind.Int or CelKind.Uint or CelKind.Bool))
            {
                return CelValue.OfError($"unsupported key type: {key.Type.Name}");
            }

            if (isOptional)
            {
                if (value.Kind != CelKind.Opaque || value.AsOpaque is not CelOptional held)
                {
                    return CelValue.OfError(
                        $"cannot initialize optional entry '{key}' from non-optional value {value}");
                }

                if (!held.HasValue)
                {
                    continue;
                }

                value = held.Value;
            }

            if (!made.TryAdd(key, value))
            {
                return CelValue.OfError($"Failed with repeated key: {key}");
            }
        }

        return frame.Charge(Costs.CallCosts.MapCreation) ? CelValue.Of(new LiteralMap(made)) : CelError.CostExceeded;
    }
}

internal sealed class StructNode(CelType type, (string Name, Node Value, bool IsOptional)[] fields) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var made = new Dictionary<string, CelValue>(fields.Length, StringComparer.Ordinal);
        foreach (var (name, node, isOptional) in fields)
        {
            var value = node.Evaluate(frame);
            if (value.IsError)
            {
                return value;
            }

            if (!isOptional)
            {
                made[name] = value;
            }
            else if (value.Kind != CelKind.Opaque || value.AsOpaque is not CelOptional held)
            {
                return CelValue.OfError($"cannot initialize optional entry '{name}' from non-optional value {value}");
            }
            else if (held.HasValue)
            {
                made[name] = held.Value;
            }
        }

        return frame.Charge(Costs.CallCosts.StructCreation)
            ? CelValue.Of(new CelObject(type, made))
            : CelError.CostExceeded;
    }
}
