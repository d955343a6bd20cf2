using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>
/// Holds writes to ValidatingAdmissionPolicies. All are asked, since each may have something to warn of; the first
/// denial is the client's answer.
/// </summary>
internal sealed class ValidatingPolicyPlugin(
    CompiledSource<BoundPolicy<ValidatingPolicy>> source, WriteMatcher matcher, PolicyInvocations invocations,
    AuthorizerChain authorizers, PolicyMetrics metrics, TimeProvider time) : IAdmissionPlugin
{
    public string Name => "ValidatingAdmissionPolicy";

    public bool Handles(AdmissionAttributes attributes) =>
        source.MayHaveAny && !AdmissionExemptions.FromPolicies(attributes.Definition.Name);

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var all = await source.ReadAsync(cancellationToken);
        var outcome = new PolicyOutcome(attributes, metrics);
        var found = await invocations.FindAsync(all, static p => p.Head, attributes, outcome, cancellationToken);
        return found.Count > 0 && await AskAsync(found, attributes, outcome, cancellationToken) is { } refusal
            ? refusal
            : outcome.Refusal;
    }

    private async ValueTask<Status?> AskAsync(
        IReadOnlyList<PolicyInvocation<ValidatingPolicy>> found, AdmissionAttributes attributes, PolicyOutcome outcome,
        CancellationToken cancellationToken)
    {
        var space = await matcher.FindNamespaceAsync(attributes, cancellationToken);
        if (!space.Succeeded)
        {
            return space.Error;
        }

        using var views = new WriteViews(
            attributes, new WriteAuthorizer(authorizers, attributes.User, cancellationToken));
        foreach (var invocation in found)
        {
            var policy = invocation.Policy;
            if (await invocation.LookAsync(views, space.Value, policy.Head, outcome, cancellationToken) is { } subject)
            {
                outcome.Add(
                    policy.Head, invocation.Binding,
                    await views.Authorizer.EvaluateAsync(() => policy.Judge(subject, time)));
            }
        }

        outcome.TellAudit();
        return null;
    }
}
