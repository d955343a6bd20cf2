using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>Finds out which policies are to be asked about a write, and with which parameters.</summary>
internal sealed class PolicyInvocations(WriteMatcher matcher, PolicyParams parameters)
{
    /// <summary>All invocations, in the order of policies and bindings.</summary>
    /// <param name="all">What there is.</param>
    /// <param name="headOf">The head of a policy.</param>
    /// <param name="attributes">The write.</param>
    /// <param name="failures">Hears what is wrong.</param>
    /// <param name="cancellationToken">Ends the reading of parameters.</param>
    public async ValueTask<IReadOnlyList<PolicyInvocation<T>>> FindAsync<T>(
        BoundPolicy<T>[] all, Func<T, PolicyHead> headOf, AdmissionAttributes attributes, IPolicyFailures failures,
        CancellationToken cancellationToken)
    {
        List<PolicyInvocation<T>>? found = null;
        foreach (var (policy, bindings) in all)
        {
            var head = headOf(policy);
            if (await MatchAsync(head, null, head.Match, attributes, failures, cancellationToken) is not { } version)
            {
                continue;
            }

            if (parameters.Complain(head) is { } complaint)
            {
                failures.Misconfigured(head, null, complaint);
                continue;
            }

            foreach (var binding in bindings)
            {
                foreach (var item in await ChooseAsync(head, binding, attributes, failures, cancellationToken))
                {
                    (found ??= []).Add(new(policy, binding, version, item));
                }
            }
        }

        return found ?? (IReadOnlyList<PolicyInvocation<T>>)[];
    }

    private async ValueTask<IReadOnlyList<ResourceObject?>> ChooseAsync(
        PolicyHead head, PolicyBinding binding, AdmissionAttributes attributes, IPolicyFailures failures,
        CancellationToken cancellationToken)
    {
        if (await MatchAsync(head, binding, binding.Match, attributes, failures, cancellationToken) is null)
        {
            return [];
        }

        var choice = await parameters.ChooseAsync(head, binding, attributes, cancellationToken);
        if (choice.Error is { } error)
        {
            failures.Misconfigured(head, binding, error);
        }

        return choice.Objects;
    }

    private async ValueTask<ResourceDefinition?> MatchAsync(
        PolicyHead head, PolicyBinding? binding, MatchCriteria criteria, AdmissionAttributes attributes,
        IPolicyFailures failures, CancellationToken cancellationToken)
    {
        var matched = await matcher.MatchAsync(criteria, attributes, cancellationToken);
        if (!matched.Succeeded)
        {
            failures.Misconfigured(head, binding, matched.Error.Message);
        }

        return matched.Succeeded ? matched.Value : null;
    }
}
