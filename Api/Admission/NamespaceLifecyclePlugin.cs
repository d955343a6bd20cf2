using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Nothing is created in a namespace that does not exist or is on its way out, and the system's namespaces cannot be
/// deleted. Reads the cache; where this silo has just deleted a namespace, or the cache has none, it asks for the
/// newest state.
/// </summary>
public sealed class NamespaceLifecyclePlugin(ObjectReader reader, TimeProvider time) : IAdmissionPlugin
{
    private readonly RecentDeletions _deletions = new(time);

    public string Name => "NamespaceLifecycle";

    public bool Handles(AdmissionAttributes attributes) => attributes.Operation switch
    {
        AdmissionOperation.Create => attributes.Key.Namespace.Length > 0 && !attributes.Definition.Of.IsVirtual,
        AdmissionOperation.Delete => attributes.IsFor(WellKnown.Namespaces),
        _ => false,
    };

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        attributes.Operation == AdmissionOperation.Delete
            ? new ValueTask<Status?>(CheckDeletion(attributes))
            : CheckCreationAsync(attributes, cancellationToken);

    private Status? CheckDeletion(AdmissionAttributes attributes)
    {
        if (attributes.Key.Name is "default" or "kube-system" or "kube-public")
        {
            return AdmissionRefusals.Forbidden(attributes, "this namespace may not be deleted");
        }

        _deletions.Note(attributes.Key.Name);
        return null;
    }

    private async ValueTask<Status?> CheckCreationAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var name = attributes.Key.Namespace;
        var key = new ObjectKey("", name);
        var item = _deletions.Has(name)
            ? null
            : await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Cached, cancellationToken);
        item ??= await reader.GetAsync(WellKnown.Namespaces, key, ReadFreshness.Linearizable, cancellationToken);
        if (item is null)
        {
            return StatusErrors.NotFound(WellKnown.Namespaces, name);
        }

        if (item.Metadata.DeletionTimestamp is null && item.As<V1Namespace>().Status?.Phase != "Terminating")
        {
            return null;
        }

        var refusal = AdmissionRefusals.Forbidden(
            attributes, $"unable to create new content in namespace {name} because it is being terminated");
        return refusal with
        {
            Details = refusal.Details! with
            {
                Causes = [new StatusCause("NamespaceTerminating", $"namespace {name} is being terminated", "metadata.namespace")],
            },
        };
    }
}
