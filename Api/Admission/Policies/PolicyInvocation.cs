using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>A policy that is to be asked about a write.</summary>
/// <typeparam name="T">The sort of policy.</typeparam>
/// <param name="Policy">The policy.</param>
/// <param name="Binding">What puts it to work.</param>
/// <param name="Version">The version that it looks at.</param>
/// <param name="Params">What parameterizes it; null for nothing.</param>
internal sealed record PolicyInvocation<T>(
    T Policy, PolicyBinding Binding, ResourceDefinition Version, ResourceObject? Params)
{
    /// <summary>Tells invocations apart.</summary>
    public string Key => $"{Binding.Policy}/{Binding.Name}/{Params?.Key}";

    /// <summary>What the policy looks at; null, and why is told, when its version cannot be had.</summary>
    public async ValueTask<PolicySubject?> LookAsync(
        WriteViews views, ResourceObject? space, PolicyHead head, IPolicyFailures failures,
        CancellationToken cancellationToken)
    {
        try
        {
            return new PolicySubject
            {
                View = await views.GetAsync(Version, cancellationToken), Namespace = space,
                Authorizer = views.Authorizer, HasParams = head.ParamKind is not null, Params = Params,
            };
        }
        catch (StatusException failure)
        {
            failures.Misconfigured(head, null, $"failed to convert object version: {failure.Status.Message}");
            return null;
        }
    }
}
