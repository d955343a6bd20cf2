using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>
/// Lets MutatingAdmissionPolicies change what is written. Which of them are about a write is found out first; then each
/// sees what those before it have made of the object.
/// </summary>
internal sealed class MutatingPolicyPlugin(
    CompiledSource<BoundPolicy<MutatingPolicy>> source, WriteMatcher matcher, PolicyInvocations invocations,
    AuthorizerChain authorizers, PolicyMetrics metrics, TimeProvider time) : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionPolicy";

    public bool Handles(AdmissionAttributes attributes) =>
        source.MayHaveAny && !AdmissionExemptions.FromPolicies(attributes.Definition.Name);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var all = await source.ReadAsync(cancellationToken);
        var outcome = new MutationErrors(attributes);
        var found = await invocations.FindAsync(all, static p => p.Head, attributes, outcome, cancellationToken);
        if (found.Count > 0 && await AskAsync(found, attributes, outcome, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        return outcome.Refusal;
    }

    private async ValueTask<Status?> AskAsync(
        IReadOnlyList<PolicyInvocation<MutatingPolicy>> found, AdmissionAttributes attributes, MutationErrors outcome,
        CancellationToken cancellationToken)
    {
        var space = await matcher.FindNamespaceAsync(attributes, cancellationToken);
        if (!space.Succeeded)
        {
            return space.Error;
        }

        var (round, memory) = (attributes.Reinvocation, attributes.Reinvocation.Of(Name));
        if (round.IsReinvoke && attributes.Object is { } item && memory.IsChangedSince(ResourceCodec.Encode(item)))
        {
            memory.Changed();
        }

        using var views = new WriteViews(
            attributes, new WriteAuthorizer(authorizers, attributes.User, cancellationToken));
        foreach (var invocation in found)
        {
            if (await AskAsync(invocation, space.Value, views, outcome, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        if (found.Any(static i => i.Policy.IsReinvoked) && attributes.Object is { } left)
        {
            memory.Leaves(ResourceCodec.Encode(left));
        }

        return null;
    }

    private async ValueTask<Status?> AskAsync(
        PolicyInvocation<MutatingPolicy> invocation, ResourceObject? space, WriteViews views, MutationErrors outcome,
        CancellationToken cancellationToken)
    {
        var (policy, round) = (invocation.Policy, views.Attributes.Reinvocation);
        var memory = round.Of(Name);
        if (await invocation.LookAsync(views, space, policy.Head, outcome, cancellationToken) is not { } subject)
        {
            return null;
        }

        var conditions = policy.Head.Conditions.IsEmpty
            ? new ConditionsResult(true)
            : await MatchAsync(policy, subject, views);
        if (conditions.Error is { } error)
        {
            outcome.Add(policy.Head, invocation.Binding, error, StatusReasons.Invalid);
        }

        if (!conditions.Matches || (round.IsReinvoke && !memory.IsAskedAgain(invocation.Key)))
        {
            return null;
        }

        var (hasChanged, refusal) = await MutateAsync(invocation, space, views, outcome, cancellationToken);
        if (hasChanged)
        {
            memory.Changed();
            round.Want();
        }

        if (policy.IsReinvoked)
        {
            memory.Asked(invocation.Key);
        }

        return refusal;
    }

    private async ValueTask<ConditionsResult> MatchAsync(
        MutatingPolicy policy, PolicySubject subject, WriteViews views)
    {
        var result = await views.Authorizer.EvaluateAsync(() => policy.Matches(subject, time));
        metrics.Conditions.Evaluated(
            ConditionsOwner.Policy(policy.Head.Name), views.Attributes.Operation, result);
        return result;
    }

    private async ValueTask<(bool HasChanged, Status? Refusal)> MutateAsync(
        PolicyInvocation<MutatingPolicy> invocation, ResourceObject? space, WriteViews views, MutationErrors outcome,
        CancellationToken cancellationToken)
    {
        var policy = invocation.Policy;
        var hasChanged = false;
        foreach (var mutation in policy.Mutations)
        {
            var subject = await invocation.LookAsync(views, space, policy.Head, outcome, cancellationToken);
            if (subject?.View.Item is null)
            {
                break;
            }

            var start = time.GetTimestamp();
            var (value, error) = await views.Authorizer.EvaluateAsync(() => policy.Compute(mutation, subject));
            var result = error is not null
                ? new MutationOutcome(false, error)
                : await PolicyMutator.ApplyAsync(mutation, value, views, subject.View, cancellationToken);
            metrics.Mutated(
                policy.Head.Name, invocation.Binding.Name, result.Error ?? result.Refusal?.Message,
                time.GetElapsedTime(start));
            if (result.Refusal is { } refusal)
            {
                return (hasChanged, refusal);
            }

            if (result.Error is { } wrong)
            {
                outcome.Add(policy.Head, invocation.Binding, wrong, StatusReasons.Invalid);
            }

            hasChanged |= result.HasChanged;
        }

        return (hasChanged, null);
    }
}
