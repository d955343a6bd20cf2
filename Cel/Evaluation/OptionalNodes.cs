using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary><c>container[key]</c>.</summary>
internal sealed class IndexNode(Node container, Node key) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var from = container.Evaluate(frame);
        var wanted = from.IsError ? from : key.Evaluate(frame);
        return wanted.IsError ? wanted : frame.Charge(1) ? Arithmetic.Index(from, wanted) : CelError.CostExceeded;
    }
}

/// <summary><c>container[?key]</c>.</summary>
internal sealed class OptionalIndexNode(Node container, Node key) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var from = container.Evaluate(frame);
        var wanted = from.IsError ? from : key.Evaluate(frame);
        return wanted.IsError ? wanted : OptionalSelectNode.Charged(frame, Arithmetic.OptionalIndex(from, wanted));
    }
}

/// <summary>
/// <c>optional.or(other)</c> and <c>optional.orValue(other)</c>: the other is looked at only where there is no value.
/// </summary>
internal sealed class OptionalOrNode(Node optional, Node other, bool opens) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var first = optional.Evaluate(frame);
        return first is not { Kind: CelKind.Opaque, AsOpaque: CelOptional held } ? first
            : !held.HasValue ? other.Evaluate(frame)
            : opens ? held.Value
            : first;
    }
}

/// <summary>Whether a value is one of a list of constants, looked up in a table.</summary>
internal sealed class MemberNode(Node value, HashSet<CelValue> members) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var wanted = value.Evaluate(frame);
        return wanted.IsError ? wanted : CelValue.Of(members.Contains(wanted));
    }

    /// <summary>Null where the list has what a table does not serve.</summary>
    public static Node? Of(Node value, CelList list) =>
        list.Count == 0 ? new ConstNode(CelValue.False)
        : list.All(IsServed) ? new MemberNode(value, [.. list])
        : null;

    private static bool IsServed(CelValue value) =>
        value.Kind is CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.Double or CelKind.String;
}
