using k8s.Models;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Who names an owner twice in the same words is warned, and names it once.</summary>
internal static class OwnerReferences
{
    private const string Advice =
        "; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; " +
        "please fix your requests; duplicate UID(s) observed: ";

    /// <summary>Leaves the first of references that are the same.</summary>
    /// <param name="context">Takes the warning.</param>
    /// <param name="metadata">Of the object that is written.</param>
    /// <param name="isAdmitted">Whoever mutates objects has seen it.</param>
    public static void Deduplicate(WriteContext context, V1ObjectMeta metadata, bool isAdmitted)
    {
        if (metadata.OwnerReferences is not { Count: > 1 } references)
        {
            return;
        }

        var kept = references.DistinctBy(Identity).ToList();
        if (kept.Count == references.Count)
        {
            return;
        }

        var seen = new HashSet<object>();
        var repeated = references.Where(r => !seen.Add(Identity(r))).Select(static r => r.Uid);
        var when = isAdmitted ? " after mutating admission happens" : "";
        context.Warnings.Add(
            $".metadata.ownerReferences contains duplicate entries{when}{Advice}{string.Join(", ", repeated)}");
        metadata.OwnerReferences = kept;
    }

    private static object Identity(V1OwnerReference reference) => (
        reference.Uid, reference.ApiVersion, reference.Kind, reference.Name, reference.Controller,
        reference.BlockOwnerDeletion);
}
