using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What the two plugins of webhooks have in common: which of them are to be asked about a write.</summary>
internal sealed class WebhookPlugin(HookSource source, HookSelectors selectors)
{
    private const string OwnGroup = "admissionregistration.k8s.io";

    /// <summary>False for writes that nobody is asked about, and where there are no webhooks.</summary>
    public bool Handles(AdmissionAttributes attributes) => source.MayHaveAny && !IsExempt(attributes.Definition);

    /// <summary>All webhooks; a write does not pass a silo that has not read them.</summary>
    public async ValueTask<Outcome<AdmissionHook[]>> ReadAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        await source.ReadAsync(cancellationToken) is { } hooks
            ? hooks
            : AdmissionRefusals.Forbidden(attributes, "not yet ready to handle request");

    /// <summary>Whether, and in which version, a webhook is to be asked; null for not at all.</summary>
    public async ValueTask<Outcome<HookInvocation?>> FindAsync(
        AdmissionHook hook, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (HookInvocation.Find(hook, attributes) is not { } invocation)
        {
            return (HookInvocation?)null;
        }

        var selected = await selectors.SelectAsync(hook, attributes, cancellationToken);
        if (!selected.Succeeded)
        {
            return selected.Error;
        }

        if (!selected.Value)
        {
            return (HookInvocation?)null;
        }

        if (!hook.HasConditions)
        {
            return invocation;
        }

        // Conditions fail like those whose evaluation fails.
        return hook.IgnoresFailures
            ? (HookInvocation?)null
            : AdmissionRefusals.Forbidden(
                attributes, $"matchConditions of webhook {GoText.Quote(hook.Name)} are not evaluated by this server");
    }

    /// <summary>Configurations of admission must not be able to lock themselves in.</summary>
    private static bool IsExempt(ResourceDefinition definition) =>
        definition.Name.Group == OwnGroup && definition.Kind is
            "ValidatingWebhookConfiguration" or "MutatingWebhookConfiguration"
            or "ValidatingAdmissionPolicy" or "ValidatingAdmissionPolicyBinding"
            or "MutatingAdmissionPolicy" or "MutatingAdmissionPolicyBinding";
}
