using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What becomes of a write by what policies say of it.</summary>
internal sealed class PolicyOutcome(AdmissionAttributes attributes, PolicyMetrics metrics) : IPolicyFailures
{
    private const string FailureAnnotation = "validation.policy.admission.k8s.io/validation_failure";

    private readonly Dictionary<string, List<string>> _annotations = new(StringComparer.Ordinal);

    /// <summary>The client's answer; null when nobody denies the write.</summary>
    public Status? Refusal { get; private set; }

    /// <inheritdoc/>
    public void Misconfigured(PolicyHead policy, PolicyBinding? binding, string why)
    {
        if (!policy.IgnoresFailures)
        {
            Refuse(policy, binding, new(
                0, $"failed to configure {(binding is null ? "policy" : "binding")}: {why}", ""));
        }
    }

    /// <summary>What a policy says to what a binding has chosen.</summary>
    public void Add(PolicyHead policy, PolicyBinding binding, PolicyVerdict verdict)
    {
        if (verdict.Conditions is { } conditions)
        {
            metrics.Conditions.Evaluated(ConditionsOwner.Policy(policy.Name), attributes.Operation, conditions);
        }

        foreach (var ignored in verdict.Ignored)
        {
            metrics.Validated(policy.Name, binding.Name, "allow", ignored);
        }

        foreach (var denial in verdict.Denials)
        {
            foreach (var action in binding.Actions)
            {
                Act(action, policy, binding, denial);
                metrics.Validated(policy.Name, binding.Name, action.ToLowerInvariant(), denial);
            }
        }

        foreach (var error in verdict.AnnotationErrors)
        {
            Refuse(policy, binding, new(0, error, ""));
        }

        foreach (var (key, value) in verdict.Annotations)
        {
            var full = $"{policy.Name}/{key}";
            var values = _annotations.TryGetValue(full, out var known) ? known : _annotations[full] = [];
            if (!values.Contains(value))
            {
                values.Add(value);
            }
        }
    }

    /// <summary>All policies have been asked: what they have for the audit log is told, by policies and keys.</summary>
    public void TellAudit()
    {
        foreach (var (key, values) in _annotations)
        {
            attributes.Annotate(key, string.Join(", ", values));
        }
    }

    private void Act(string action, PolicyHead policy, PolicyBinding binding, PolicyDenial denial)
    {
        switch (action)
        {
            case "Deny":
                Refuse(policy, binding, denial);
                break;
            case "Warn":
                attributes.Warnings.Add(
                    $"Validation failed for ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Name}': "
                    + denial.Message);
                break;
            case "Audit":
                attributes.Annotate(FailureAnnotation, Failure(policy, binding, denial));
                break;
        }
    }

    private static string Failure(PolicyHead policy, PolicyBinding binding, PolicyDenial denial) =>
        $"[{{\"message\":{GoText.Json(denial.Message)},\"policy\":{GoText.Json(policy.Name)},"
        + $"\"binding\":{GoText.Json(binding.Name)},\"expressionIndex\":{GoText.Json(denial.Index)},"
        + $"\"validationActions\":{GoText.Json(binding.Actions)}}}]";

    /// <summary>The first refusal counts.</summary>
    private void Refuse(PolicyHead policy, PolicyBinding? binding, PolicyDenial denial)
    {
        if (Refusal is not null)
        {
            return;
        }

        var with = binding is null ? "" : $" with binding '{binding.Name}'";
        var message = $"ValidatingAdmissionPolicy '{policy.Name}'{with} denied request: {denial.Message}";
        var reason = denial.Reason.Length > 0 ? denial.Reason : StatusReasons.Invalid;
        var refusal = AdmissionRefusals.Forbidden(attributes, message);
        Refusal = refusal with
        {
            Reason = reason,
            Code = reason switch
            {
                StatusReasons.Forbidden => 403,
                StatusReasons.RequestEntityTooLarge => 413,
                _ => 422,
            },
            Details = refusal.Details! with { Causes = [new StatusCause(null, message, null)] },
        };
    }
}
