using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What went wrong with mutating policies that do not ignore it; the first is the client's answer.</summary>
internal sealed class MutationErrors(AdmissionAttributes attributes) : IPolicyFailures
{
    private readonly List<StatusCause> _causes = [];
    private string _reason = "";

    /// <summary>The client's answer; null when all is well.</summary>
    public Status? Refusal
    {
        get
        {
            if (_causes.Count == 0)
            {
                return null;
            }

            var refusal = AdmissionRefusals.Forbidden(attributes, "");
            return refusal with
            {
                Message = _causes[0].Message!,
                Reason = _reason.Length > 0 ? _reason : refusal.Reason,
                Details = refusal.Details! with { Causes = [.. _causes] },
            };
        }
    }

    /// <inheritdoc/>
    public void Misconfigured(PolicyHead policy, PolicyBinding? binding, string why) => Add(
        policy, binding, $"failed to configure {(binding is null ? "policy" : "binding")}: {why}", "");

    /// <summary>Something that went wrong.</summary>
    public void Add(PolicyHead policy, PolicyBinding? binding, string why, string reason)
    {
        if (policy.IgnoresFailures)
        {
            return;
        }

        if (_causes.Count == 0)
        {
            _reason = reason;
        }

        var who = binding is null
            ? $"policy {GoText.Quote(policy.Name)}"
            : $"policy '{policy.Name}' with binding '{binding.Name}'";
        _causes.Add(new StatusCause(null, $"{who} denied request: {why}", null));
    }
}
