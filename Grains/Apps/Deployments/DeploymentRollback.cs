using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>
/// The rollback that an annotation asks for. It stands for a field of API versions that are gone; upstream still obeys
/// it.
/// </summary>
public static class DeploymentRollback
{
    /// <summary>The revision to go back to, 0 for the last one; null when nobody asks.</summary>
    public static long? Asked(V1Deployment deployment)
    {
        string? text = null;
        return deployment.Metadata.Annotations?.TryGetValue(DeploymentAnnotations.RollbackTo, out text) == true
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var revision)
                ? revision
                : null;
    }

    /// <summary>The Deployment as it is to be, asked nothing any more, and what to say of it.</summary>
    public static (V1Deployment Next, EventNote Note) Compute(
        V1Deployment deployment, IReadOnlyList<V1ReplicaSet> sets, long revision)
    {
        var views = sets.Select(s => new SetView(s)).ToList();
        if (revision == 0 && (revision = Last(views)) == 0)
        {
            return GiveUp(deployment, "RevisionNotFound", "Unable to find last revision.");
        }

        if (views.Find(v => v.Revision == revision) is not { } found)
        {
            return GiveUp(deployment, "RevisionNotFound", "Unable to find the revision to rollback to.");
        }

        var (name, template) = (deployment.Metadata.Name, found.Set.Spec.Template);
        if (PodTemplates.Canonical(template).AsSpan().SequenceEqual(PodTemplates.Canonical(deployment.Spec.Template)))
        {
            return GiveUp(
                deployment, "TemplateUnchanged",
                $"The rollback revision contains the same template as current deployment \"{name}\"");
        }

        var next = With(deployment, Annotations(deployment, found.Set)) with
        {
            Spec = deployment.Spec with { Template = PodTemplates.WithoutHash(template) },
        };
        var done = string.Create(
            CultureInfo.InvariantCulture, $"Rolled back deployment \"{name}\" to revision {revision}");
        return (next, EventNote.Normal(deployment, "DeploymentRollback", done));
    }

    /// <summary>The second highest revision; 0 when there is none.</summary>
    private static long Last(List<SetView> sets) =>
        sets.Select(s => s.Revision).Where(r => r > 0).OrderDescending().Skip(1).FirstOrDefault();

    private static (V1Deployment Next, EventNote Note) GiveUp(V1Deployment deployment, string reason, string message)
    {
        var kept = (deployment.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(a => a.Key != DeploymentAnnotations.RollbackTo).ToDictionary(StringComparer.Ordinal);
        return (With(deployment, kept), EventNote.Warning(deployment, $"DeploymentRollback{reason}", message));
    }

    private static V1Deployment With(V1Deployment deployment, Dictionary<string, string> annotations) =>
        deployment with { Metadata = deployment.Metadata with { Annotations = annotations } };

    /// <summary>The Deployment's own, and those that the old set was given in its time.</summary>
    private static Dictionary<string, string> Annotations(V1Deployment deployment, V1ReplicaSet set)
    {
        var none = new Dictionary<string, string>();
        var own = (deployment.Metadata.Annotations ?? none)
            .Where(a => a.Key != DeploymentAnnotations.RollbackTo && DeploymentAnnotations.IsOwn(a.Key));
        var given = (set.Metadata.Annotations ?? none).Where(a => !DeploymentAnnotations.IsOwn(a.Key));
        return own.Concat(given).ToDictionary(StringComparer.Ordinal);
    }
}
