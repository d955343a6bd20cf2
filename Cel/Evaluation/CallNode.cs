using System.Runtime.CompilerServices;
using OrleansOrchestrator.Cel.Costs;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>
/// A call of a function. Where types were known one form is left; else the first that the values fit is taken. Few
/// arguments lie on the stack.
/// </summary>
internal sealed class CallNode(string function, CelOverload[] overloads, Node[] arguments) : Node
{
    private const int Few = 4;

    public override CelValue Evaluate(Frame frame)
    {
        if (arguments.Length > Few)
        {
            return Evaluate(frame, new CelValue[arguments.Length]);
        }

        var few = default(FewValues);
        return Evaluate(frame, ((Span<CelValue>)few)[..arguments.Length]);
    }

    private CelValue Evaluate(Frame frame, Span<CelValue> values)
    {
        var failed = -1;
        for (var i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
            failed = failed < 0 && values[i].IsError ? i : failed;

            // Of more than two arguments upstream looks at none after one that has failed, and charges nothing.
            if (failed >= 0 && arguments.Length > 2)
            {
                return values[failed];
            }
        }

        if (failed >= 0)
        {
            return frame.Charge(CallCosts.OfFailure(overloads[0])) ? values[failed] : CelError.CostExceeded;
        }

        foreach (var overload in overloads)
        {
            if (overload.Admits(values))
            {
                return Run(frame, overload, values);
            }
        }

        return NoSuchOverload(values);
    }

    private static CelValue Run(Frame frame, CelOverload overload, ReadOnlySpan<CelValue> values)
    {
        // What a call costs is charged before it runs as far as the arguments tell, the rest by what it gives.
        var before = CallCosts.Before(overload, values);
        if (!frame.Charge(before))
        {
            return CelError.CostExceeded;
        }

        var result = overload.Body(values);
        return frame.Charge(CallCosts.After(overload, result)) ? result : CelError.CostExceeded;
    }

    private CelValue NoSuchOverload(ReadOnlySpan<CelValue> values)
    {
        var types = new string[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            types[i] = values[i].Type.Name;
        }

        return CelValue.OfError($"no such overload: {function}({string.Join(", ", types)})");
    }

    [InlineArray(Few)]
    private struct FewValues
    {
        private CelValue _first;
    }
}
