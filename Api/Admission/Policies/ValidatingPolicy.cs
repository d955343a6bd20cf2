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
        var results = Evaluate(new ExpressionRunner(activation, budget), budget, time);
        if (budget.IsUsedUp)
        {
            return UsedUp(conditions);
        }

        Validate(results, Tell(subject, variables, budget), verdict);
        Annotate(activation, verdict);
        return verdict;
    }

    /// <summary>What each validation gives, as far as the budget goes.</summary>
    private (ExpressionResult Result, TimeSpan Elapsed)[] Evaluate(
        ExpressionRunner runner, CostBudget budget, TimeProvider time)
    {
        var results = new (ExpressionResult, TimeSpan)[_validations.Length];
        for (var i = 0; i < _validations.Length && !budget.IsUsedUp; i++)
        {
            var start = time.GetTimestamp();
            var result = runner.Run(_validations[i].Expression);
            results[i] = (result, time.GetElapsedTime(start));
        }

        return results;
    }

    /// <summary>What is denied, and why.</summary>
    /// <param name="messages">For each validation; null when the budget did not suffice for them.</param>
    private void Validate(
        (ExpressionResult Result, TimeSpan Elapsed)[] results, string[]? messages, PolicyVerdict verdict)
    {
        foreach (var (i, ((value, error), elapsed)) in results.Index())
        {
            if (error is not null)
            {
                Fail(verdict, new(i, error, "", elapsed));
            }
            else if (messages is null)
            {
                Fail(verdict, new(i, $"failed messageExpression: {CostBudget.UsedUp}", "", elapsed));
            }
            else if (!value.IsTrue)
            {
                verdict.Denials.Add(new(i, messages[i], _validations[i].Reason, elapsed));
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

    /// <summary>
    /// What to say where a validation does not hold; null when what the validations left of the budget does not
    /// suffice. As upstream does, expressions of those that hold are evaluated too, and cost.
    /// </summary>
    private string[]? Tell(PolicySubject subject, PolicyVariables variables, CostBudget budget)
    {
        var messages = Array.ConvertAll(_validations, static v => v.Fallback);
        if (!Array.Exists(_validations, static v => v.Message is not null))
        {
            return messages;
        }

        var activation = Head.Compiler.Silent.Activate();
        subject.ShowSilently(activation);
        variables.Show(activation);
        var runner = new ExpressionRunner(activation, budget);
        for (var i = 0; i < messages.Length; i++)
        {
            if (_validations[i].Message is { } message && Text(runner.Run(message)) is { Length: > 0 } text)
            {
                messages[i] = text;
            }

            if (budget.IsUsedUp)
            {
                return null;
            }
        }

        return messages;
    }

    /// <summary>Empty when it is no message.</summary>
    private static string Text(in ExpressionResult result)
    {
        var text = result is { Error: null, Value.Kind: CelKind.String } ? result.Value.AsString.Trim() : "";
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
