using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Whether a webhook wants to see the objects of a namespace, and an object.</summary>
internal sealed class HookSelectors(ObjectReader reader)
{
    /// <summary>True when both selectors select; the refusal is that of a namespace that is not there.</summary>
    public async ValueTask<Outcome<bool>> SelectAsync(
        AdmissionHook hook, AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        SelectsObject(hook.Objects, attributes) ? await SelectsNamespaceAsync(hook, attributes, cancellationToken)
            : false;

    private static bool SelectsObject(LabelSelector selector, AdmissionAttributes attributes) =>
        selector.IsEverything || Has(selector, attributes.Object) || Has(selector, attributes.OldObject);

    private static bool Has(LabelSelector selector, IKubernetesObject<V1ObjectMeta>? item) =>
        item?.Metadata is { } metadata && selector.Matches(metadata);

    private async ValueTask<Outcome<bool>> SelectsNamespaceAsync(
        AdmissionHook hook, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var space = HookInvocation.NamespaceOf(attributes);
        var isNamespace = attributes.Definition.Name == WellKnown.Namespaces;
        if (hook.Namespaces.IsEverything || (space.Length == 0 && !isNamespace))
        {
            return true;
        }

        // The labels that a namespace is about to have count, but for a deletion, which changes none.
        if (isNamespace && attributes.Subresource.Length == 0
            && attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update)
        {
            return Has(hook.Namespaces, attributes.Object);
        }

        var key = new ObjectKey("", space);
        var found =
            await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Cached, cancellationToken)
            ?? await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Linearizable, cancellationToken);
        return found is null
            ? StatusErrors.NotFound(WellKnown.Namespaces, space)
            : hook.Namespaces.Matches(found.Metadata.Labels);
    }
}
