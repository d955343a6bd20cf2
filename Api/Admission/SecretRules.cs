using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// The deprecated rule that pods of an annotated service account may use only secrets that the account lists.
/// </summary>
internal static class SecretRules
{
    private const string Annotation = "kubernetes.io/enforce-mountable-secrets";

    /// <summary>Why a pod may not use its secrets; null when it may.</summary>
    public static string? Check(V1ServiceAccount account, V1PodSpec spec) => IsEnforced(account)
        ? CheckReferences(account, References(spec)) ?? CheckPulls(account, spec.ImagePullSecrets ?? [])
        : null;

    /// <summary>Why a pod's ephemeral containers may not use their secrets; null when they may.</summary>
    public static string? CheckEphemeral(V1ServiceAccount account, V1PodSpec spec) => IsEnforced(account)
        ? CheckReferences(
            account,
            (spec.EphemeralContainers ?? []).SelectMany(
                static c => OfContainer($"ephemeral container {c.Name}", c.Env, c.EnvFrom)))
        : null;

    private static bool IsEnforced(V1ServiceAccount account) =>
        account.Metadata.Annotations is { } all
        && all.TryGetValue(Annotation, out var text)
        && GoBooleans.Parse(text) == true;

    private static string? CheckReferences(
        V1ServiceAccount account, IEnumerable<(string Place, string Secret)> references)
    {
        var mountable = (account.Secrets ?? []).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (place, secret) in references)
        {
            if (!mountable.Contains(secret))
            {
                return $"{place}secret.secretName={GoText.Quote(secret)} {Tail(account)} secret";
            }
        }

        return null;
    }

    private static string? CheckPulls(V1ServiceAccount account, IList<V1LocalObjectReference> pulls)
    {
        var known = (account.ImagePullSecrets ?? []).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < pulls.Count; i++)
        {
            var name = pulls[i].Name ?? "";
            if (!known.Contains(name))
            {
                return $"imagePullSecrets[{i}].name={GoText.Quote(name)} {Tail(account)} imagePullSecret";
            }
        }

        return null;
    }

    private static string Tail(V1ServiceAccount account) =>
        $"is not allowed because service account {account.Metadata.Name} does not reference that";

    private static IEnumerable<(string Place, string Secret)> References(V1PodSpec spec) =>
        (spec.Volumes ?? []).Where(v => v.Secret is not null).Select(v => ("volume with ", v.Secret.SecretName ?? ""))
        .Concat((spec.InitContainers ?? []).SelectMany(
            static c => OfContainer($"init container {c.Name}", c.Env, c.EnvFrom)))
        .Concat((spec.Containers ?? []).SelectMany(static c => OfContainer($"container {c.Name}", c.Env, c.EnvFrom)));

    private static IEnumerable<(string Place, string Secret)> OfContainer(
        string who, IList<V1EnvVar>? variables, IList<V1EnvFromSource>? sources) =>
        (variables ?? []).Where(e => e.ValueFrom?.SecretKeyRef is not null)
        .Select(e => ($"{who} with envVar {e.Name} referencing ", e.ValueFrom.SecretKeyRef.Name ?? ""))
        .Concat((sources ?? []).Where(e => e.SecretRef is not null)
            .Select(e => ($"{who} with envFrom referencing ", e.SecretRef.Name ?? "")));
}
