using System.Collections.Concurrent;
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
    /// <summary>How long after a deletion the cache is not trusted; upstream's number.</summary>
    private static readonly TimeSpan Distrust = TimeSpan.FromSeconds(30);

    /// <summary>
    /// More recent deletions than this are not remembered one by one: then every look-up is made fresh.
    /// </summary>
    private const int MaxRemembered = 1024;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _deletions = new(StringComparer.Ordinal);

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

        if (_deletions.Count >= MaxRemembered)
        {
            ForgetOld();
        }

        _deletions[attributes.Key.Name] = time.GetUtcNow();
        return null;
    }

    private async ValueTask<Status?> CheckCreationAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var name = attributes.Key.Namespace;
        var key = new ObjectKey("", name);
        var item = IsDistrusted(name)
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

    private bool IsDistrusted(string name) =>
        !_deletions.IsEmpty && _deletions.TryGetValue(name, out var at) && time.GetUtcNow() - at < Distrust;

    private void ForgetOld()
    {
        var horizon = time.GetUtcNow() - Distrust;
        foreach (var (name, at) in _deletions)
        {
            if (at < horizon)
            {
                _deletions.TryRemove(name, out _);
            }
        }
    }
}
