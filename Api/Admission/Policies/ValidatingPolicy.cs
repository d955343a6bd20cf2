using k8s.Models;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>A ValidatingAdmissionPolicy, compiled.</summary>
internal sealed class ValidatingPolicy
{
    /// <summary>Bytes of a message that an expression makes; longer ones are not used.</summary>
    private const int MaxMessageBytes = 5 * 1024;

    private readonly Validation[] _validations;
    private readonly (string Key, AdmissionExpression Value)[] _annotations;

    private ValidatingPolicy(string name, V1ValidatingAdmissionPolicySpec spec)
    {
        Head = PolicyHead.Of(
            name, spec.MatchConstraints, spec.ParamKind, spec.FailurePolicy, spec.MatchConditions, spec.Variables);
        _validations = [.. (spec.Validations ?? []).Select(v => Validation.Of(v, Head.Compiler))];
        _annotations =
            [.. (spec.AuditAnnotations ?? []).Select(a => (a.Key, Head.Compiler.AuditValue(a.ValueExpression)))];
    }

    public PolicyHead Head { get; }

    /// <summary>Compiled once for each version of the object.</summary>
    public static ValidatingPolicy Of(ResourceObject item) => item.Facts(
        static i => new ValidatingPolicy(i.Key.Name, i.As<V1ValidatingAdmissionPolicy>().Spec));

    /// <summary>What the policy says of a write; nothing when its conditions do not hold.</summary>
    public PolicyVerdict Judge(PolicySubject subject, TimeProvider time)
    {
        var activation = Head.Compiler.Environment.Activate();
        subject.Show(activation);
        var conditions = Head.Conditions.IsEmpty ? (ConditionsResult?)null : Head.Conditions.Match(activation, time);
        var verdict = new PolicyVerdict { Conditions = conditions };
        if (conditions is { Error: { } error } && !Head.IgnoresFailures)
        {
            verdict.Denials.Add(new(0, error, ""));
        }

        if (conditions is { Matches: false })
        {
            return verdict;
        }

        var budget = new CostBudget(CostBudget.OfPolicy);
        var variables = new PolicyVariables(Head.Compiler.Variables, activation, budget);
        variables.Show(activation);
        Validate(subject, variables, new ExpressionRunner(activation, budget), budget, verdict, time);
        Annotate(activation, verdict);
        return budget.IsUsedUp ? UsedUp(conditions) : verdict;
    }

    private void Validate(
        PolicySubject subject, PolicyVariables variables, ExpressionRunner runner, CostBudget budget,
        PolicyVerdict verdict, TimeProvider time)
    {
        var forMessages = new CostBudget(CostBudget.OfPolicy);
        for (var i = 0; i < _validations.Length && !budget.IsUsedUp; i++)
        {
            var validation = _validations[i];
            var start = time.GetTimestamp();
            var (value, error) = runner.Run(validation.Expression);
            var elapsed = time.GetElapsedTime(start);
            if (error is not null)
            {
                Fail(verdict, new(i, error, "", elapsed));
            }
            else if (!value.IsTrue)
            {
                var told = validation.Message is null ? "" : Tell(validation.Message, subject, variables, forMessages);
                verdict.Denials.Add(
                    forMessages.IsUsedUp ? new(i, $"failed messageExpression: {CostBudget.UsedUp}", "", elapsed)
                    : new(i, told.Length > 0 ? told : validation.Fallback, validation.Reason, elapsed));
            }
        }
    }

    private void Annotate(CelActivation activation, PolicyVerdict verdict)
    {
        var budget = new CostBudget(CostBudget.OfPolicy);
        var runner = new ExpressionRunner(activation, budget);
        foreach (var (key, expression) in _annotations)
        {
            var (value, error) = runner.Run(expression);
            error = budget.IsUsedUp ? CostBudget.UsedUp : error;
            if (error is null)
            {
                verdict.Annotate(key, value);
            }
            else if (!Head.IgnoresFailures)
            {
                verdict.AnnotationErrors.Add(error);
            }
        }
    }

    /// <summary>What an expression makes of a denial; empty when that is no message.</summary>
    private string Tell(
        AdmissionExpression message, PolicySubject subject, PolicyVariables variables, CostBudget budget)
    {
        var activation = Head.Compiler.Silent.Activate();
        subject.ShowSilently(activation);
        variables.Show(activation);
        var (value, error) = new ExpressionRunner(activation, budget).Run(message);
        var text = error is null && value.Kind == CelKind.String ? value.AsString.Trim() : "";
        return NameRules.ByteCount(text) > MaxMessageBytes || text.Contains('\n', StringComparison.Ordinal) ? "" : text;
    }

    private void Fail(PolicyVerdict verdict, in PolicyDenial failure) =>
        (Head.IgnoresFailures ? verdict.Ignored : verdict.Denials).Add(failure);

    private PolicyVerdict UsedUp(ConditionsResult? conditions)
    {
        var verdict = new PolicyVerdict { Conditions = conditions };
        Fail(verdict, new(0, CostBudget.UsedUp, ""));
        return verdict;
    }

    private sealed record Validation(
        AdmissionExpression Expression, AdmissionExpression? Message, string Fallback, string Reason)
    {
        public static Validation Of(V1Validation validation, PolicyCompiler compiler)
        {
            var told = (validation.Message ?? "").Trim();
            return new(
                compiler.Validation(validation.Expression),
                string.IsNullOrEmpty(validation.MessageExpression)
                    ? null
                    : compiler.Message(validation.MessageExpression),
                told.Length > 0 ? told : $"failed expression: {validation.Expression.Trim()}",
                validation.Reason ?? StatusReasons.Invalid);
        }
    }
}
