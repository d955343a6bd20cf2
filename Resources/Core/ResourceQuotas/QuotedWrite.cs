using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>A write that quotas may have to bear.</summary>
/// <param name="Resource">What is written.</param>
/// <param name="Item">The object as it is to be.</param>
/// <param name="Old">The object as it is; null for a new one.</param>
/// <param name="Subresource">By which way; empty for the object itself.</param>
public sealed record QuotedWrite(
    ResourceName Resource, IKubernetesObject<V1ObjectMeta> Item, IKubernetesObject<V1ObjectMeta>? Old = null,
    string Subresource = "")
{
    /// <summary>A status tells what has happened: it is counted, and never refused for being too much.</summary>
    public bool IsStatus => Subresource == "status";
}
