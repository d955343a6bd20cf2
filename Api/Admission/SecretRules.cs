using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// The deprecated rule that pods of an annotated service account may use only secrets that the account lists.
/// </summary>
internal static class SecretRules
{
    /// <summary>Why a pod may not use its secrets; null when it may.</summary>
    public static string? Check(V1ServiceAccount account, string annotation, V1PodSpec spec)
    {
        if (account.Metadata.Annotations?.TryGetValue(annotation, out var text) != true || !bool.TryParse(text, out var enforces) ||
            !enforces)
        {
            return null;
        }

        var mountable = (account.Secrets ?? []).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var tail = $"is not allowed because service account {account.Metadata.Name} does not reference that";
        foreach (var reference in References(spec))
        {
            if (!mountable.Contains(reference.Secret))
            {
                return $"{reference.Place}secret.secretName={GoText.Quote(reference.Secret)} {tail} secret";
            }
        }

        var pulls = (account.ImagePullSecrets ?? []).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var alien = (spec.ImagePullSecrets ?? []).FirstOrDefault(s => !pulls.Contains(s.Name));
        return alien is null ? null : $"imagePullSecret with name {GoText.Quote(alien.Name)} {tail} imagePullSecret";
    }

    private static IEnumerable<(string Place, string Secret)> References(V1PodSpec spec) =>
        (spec.Volumes ?? []).Where(v => v.Secret is not null).Select(v => ("volume with ", v.Secret.SecretName ?? ""))
        .Concat((spec.InitContainers ?? []).SelectMany(c => OfContainer("init container", c)))
        .Concat((spec.Containers ?? []).SelectMany(c => OfContainer("container", c)));

    private static IEnumerable<(string Place, string Secret)> OfContainer(string kind, V1Container container) =>
        (container.Env ?? []).Where(e => e.ValueFrom?.SecretKeyRef is not null)
        .Select(
            e => ($"{kind} {container.Name} with envVar {e.Name} referencing ", e.ValueFrom.SecretKeyRef.Name ?? ""))
        .Concat((container.EnvFrom ?? []).Where(e => e.SecretRef is not null)
            .Select(e => ($"{kind} {container.Name} with envFrom referencing ", e.SecretRef.Name ?? "")));
}
