using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>The variables of a policy about one write: each is evaluated when it is first read, and kept.</summary>
internal sealed class PolicyVariables(
    IReadOnlyDictionary<string, AdmissionExpression> all, CelActivation activation, CostBudget budget) : CelMap
{
    private readonly Dictionary<string, CelValue> _values = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int Count => all.Count;

    /// <summary>Lets expressions read them, where there are any.</summary>
    public void Show(CelActivation to)
    {
        if (Count > 0)
        {
            to.Set(AdmissionVariables.Variables, CelValue.Of(this));
        }
    }

    /// <inheritdoc/>
    public override bool TryGet(in CelValue key, out CelValue value)
    {
        value = default;
        return key.Kind == CelKind.String && TryGetField(key.AsString, out value);
    }

    /// <inheritdoc/>
    public override bool TryGetField(string name, out CelValue value)
    {
        if (_values.TryGetValue(name, out value))
        {
            return true;
        }

        if (!all.TryGetValue(name, out var expression))
        {
            return false;
        }

        // Of two variables of one name the second can mean itself.
        _values[name] = Failed(name, "evaluate", "it reads itself");
        value = Evaluate(name, expression);
        _values[name] = value;
        return true;
    }

    /// <inheritdoc/>
    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
    {
        foreach (var name in all.Keys)
        {
            _ = TryGetField(name, out var value);
            yield return new(CelValue.Of(name), value);
        }
    }

    private CelValue Evaluate(string name, AdmissionExpression expression)
    {
        if (expression.Program is not { } program)
        {
            return Failed(name, "compile", expression.Complaint!);
        }

        var value = budget.Run(program, activation);
        return value.IsError ? Failed(name, "evaluate", value.AsError.Message) : value;
    }

    private static CelValue Failed(string name, string what, string why) =>
        CelValue.OfError($"composited variable {GoText.Quote(name)} fails to {what}: {why}");
}
