using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>Whether criteria are about a write.</summary>
internal sealed class WriteMatcher(ObjectReader reader)
{
    /// <summary>
    /// The version in which a write is to be looked at, null when it is not; the refusal is that of a namespace that is
    /// not there.
    /// </summary>
    public async ValueTask<Outcome<ResourceDefinition?>> MatchAsync(
        MatchCriteria criteria, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (criteria.Find(attributes) is not { } version || !SelectsObject(criteria.Objects, attributes))
        {
            return (ResourceDefinition?)null;
        }

        var selected = await SelectsNamespaceAsync(criteria.Namespaces, attributes, cancellationToken);
        return !selected.Succeeded ? selected.Error : selected.Value ? version : (ResourceDefinition?)null;
    }

    /// <summary>The namespace that a write is in; null for what is of the cluster, namespaces themselves among it.
    /// </summary>
    public async ValueTask<Outcome<ResourceObject?>> FindNamespaceAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Definition.Name == WellKnown.Namespaces || attributes.Key.Namespace.Length == 0)
        {
            return (ResourceObject?)null;
        }

        return await ReadNamespaceAsync(attributes.Key.Namespace, cancellationToken) is { } found
            ? found
            : StatusErrors.NotFound(WellKnown.Namespaces, attributes.Key.Namespace);
    }

    private static bool SelectsObject(LabelSelector selector, AdmissionAttributes attributes) =>
        selector.IsEverything || Has(selector, attributes.Object) || Has(selector, attributes.OldObject);

    /// <summary>What asks for a connection has no labels, and so is never selected by them, nor by their absence.
    /// </summary>
    private static bool Has(LabelSelector selector, IKubernetesObject<V1ObjectMeta>? item) =>
        item is { Metadata: { } metadata } and not ConnectOptions && selector.Matches(metadata);

    private async ValueTask<Outcome<bool>> SelectsNamespaceAsync(
        LabelSelector selector, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var space = RequestWords.NamespaceOf(attributes);
        var isNamespace = attributes.Definition.Name == WellKnown.Namespaces;
        if (selector.IsEverything || (space.Length == 0 && !isNamespace))
        {
            return true;
        }

        // The labels that a namespace is about to have count, but for a deletion, which changes none.
        if (isNamespace && attributes.Subresource.Length == 0
            && attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update)
        {
            return Has(selector, attributes.Object);
        }

        return await ReadNamespaceAsync(space, cancellationToken) is { } found
            ? selector.Matches(found.Metadata.Labels)
            : StatusErrors.NotFound(WellKnown.Namespaces, space);
    }

    private async ValueTask<ResourceObject?> ReadNamespaceAsync(string name, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", name);
        return await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Cached, cancellationToken)
            ?? await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Linearizable, cancellationToken);
    }
}
