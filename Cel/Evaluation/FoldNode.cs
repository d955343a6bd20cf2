using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>The parts of a fold as nodes, and where its variables lie.</summary>
internal sealed record FoldParts(
    Node Range, Node Start, Node Condition, Node Step, Node Result, int Variable, int SecondVariable, int Accumulator);

/// <summary>Goes over a list or map. What it collects grows in place, since nobody sees it before the end.</summary>
internal sealed class FoldNode(FoldParts parts, bool growsList, bool growsMap) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var range = parts.Range.Evaluate(frame);
        if (range.IsError)
        {
            return range;
        }

        frame.Locals[parts.Accumulator] = growsList ? CelValue.Of(new GrowingList())
            : growsMap ? CelValue.Of(new LiteralMap([]))
            : parts.Start.Evaluate(frame);
        if ((growsList || growsMap) && parts.Start.Evaluate(frame) is { IsError: true } over)
        {
            return over;
        }

        switch (range.Kind)
        {
            case CelKind.List:
                OverList(frame, range.AsList);
                break;
            case CelKind.Map:
                OverMap(frame, range.AsMap);
                break;
            default:
                return CelError.NoSuchOverload;
        }

        return frame.IsOver ? CelError.CostExceeded : parts.Result.Evaluate(frame);
    }

    private void OverList(Frame frame, CelList list)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (parts.SecondVariable < 0)
            {
                frame.Locals[parts.Variable] = list[i];
            }
            else
            {
                frame.Locals[parts.Variable] = CelValue.Of((long)i);
                frame.Locals[parts.SecondVariable] = list[i];
            }

            if (!Step(frame))
            {
                return;
            }
        }
    }

    private void OverMap(Frame frame, CelMap map)
    {
        foreach (var (key, value) in map)
        {
            frame.Locals[parts.Variable] = key;
            if (parts.SecondVariable >= 0)
            {
                frame.Locals[parts.SecondVariable] = value;
            }

            if (!Step(frame))
            {
                return;
            }
        }
    }

    /// <summary>Whether to go on.</summary>
    private bool Step(Frame frame)
    {
        if (!parts.Condition.Evaluate(frame).IsTrue)
        {
            return false;
        }

        var step = parts.Step.Evaluate(frame);
        frame.Locals[parts.Accumulator] = step;
        return !frame.IsOver && !(step.IsError && (growsList || growsMap));
    }
}

/// <summary>Adds elements to the list that a fold collects.</summary>
internal sealed class AppendNode(int accumulator, Node[] elements, ulong creation) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var list = frame.Locals[accumulator];
        foreach (var element in elements)
        {
            var value = element.Evaluate(frame);
            if (value.IsError)
            {
                return value;
            }

            ((GrowingList)list.AsList).Add(value);
        }

        // The accumulator, the list of one and the joining, as if they had been.
        return frame.Charge(1 + creation + 1) ? list : CelError.CostExceeded;
    }
}

/// <summary>Adds an entry, or all of a map, to the map that a fold collects.</summary>
internal sealed class InsertNode(int accumulator, Node key, Node? value) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var map = frame.Locals[accumulator];
        var first = key.Evaluate(frame);
        var second = first.IsError || value is null ? first : value.Evaluate(frame);
        if (second.IsError)
        {
            return second;
        }

        if (!frame.Charge(2))
        {
            return CelError.CostExceeded;
        }

        var made = (LiteralMap)map.AsMap;
        if (value is not null)
        {
            return made.TryAdd(first, second) ? map : Repeated(first);
        }

        if (first.Kind != CelKind.Map)
        {
            return CelError.NoSuchOverload;
        }

        foreach (var entry in first.AsMap)
        {
            if (!made.TryAdd(entry.Key, entry.Value))
            {
                return Repeated(entry.Key);
            }
        }

        return map;
    }

    private static CelValue Repeated(in CelValue key) => CelValue.OfError($"insert failed: key {key} already exists");
}

/// <summary>Names a value for use in a result; it is computed when it is first read.</summary>
internal sealed class BindNode(Node value, Node result, int slot) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        frame.Locals[slot] = value.Evaluate(frame);
        return frame.IsOver ? CelError.CostExceeded : result.Evaluate(frame);
    }
}
