using System.Text;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Secrets;

/// <summary>What to do with a Secret that is to hold a token.</summary>
public enum SecretTokenStep
{
    /// <summary>It is no such Secret, or all is in it.</summary>
    None,

    /// <summary>Its account does not exist.</summary>
    Delete,

    /// <summary>Something is missing.</summary>
    Fill,
}

/// <summary>Secrets that hold a token of a service account, as upstream's tokens controller keeps them.</summary>
public static class SecretTokenPlanner
{
    public const string Type = "kubernetes.io/service-account-token";
    public const string AccountAnnotation = "kubernetes.io/service-account.name";
    public const string UidAnnotation = "kubernetes.io/service-account.uid";
    public const string Token = "token";
    private const string Namespace = "namespace";
    private const string Authorities = "ca.crt";

    /// <summary>The account that a Secret is for; null for a Secret of another type.</summary>
    public static string? AccountOf(V1Secret secret) =>
        secret.Type == Type && secret.GetAnnotation(AccountAnnotation) is { Length: > 0 } name ? name : null;

    /// <summary>The next step.</summary>
    /// <param name="secret">A Secret with an account.</param>
    /// <param name="accountUid">The uid of that account; null when there is none.</param>
    /// <param name="authorities">The certificates of the cluster's authorities.</param>
    public static SecretTokenStep Compute(V1Secret secret, string? accountUid, string authorities)
    {
        var wanted = secret.GetAnnotation(UidAnnotation);
        return accountUid is null || (!string.IsNullOrEmpty(wanted) && wanted != accountUid) ? SecretTokenStep.Delete
            : Has(secret, Token) && Has(secret, Namespace) && Holds(secret, authorities) ? SecretTokenStep.None
            : SecretTokenStep.Fill;
    }

    /// <summary>True when something is there.</summary>
    public static bool Has(V1Secret secret, string field) =>
        secret.Data?.TryGetValue(field, out var bytes) == true && bytes is { Length: > 0 };

    /// <summary>The Secret with all in it.</summary>
    /// <param name="secret">Changed.</param>
    /// <param name="accountUid">The uid of the account.</param>
    /// <param name="authorities">The certificates of the cluster's authorities.</param>
    /// <param name="token">A new token; null to keep the one that is there.</param>
    public static void Fill(V1Secret secret, string accountUid, string authorities, string? token)
    {
        secret.Data ??= new Dictionary<string, byte[]>();
        secret.Data[Authorities] = Encoding.UTF8.GetBytes(authorities);
        if (!Has(secret, Namespace))
        {
            secret.Data[Namespace] = Encoding.UTF8.GetBytes(secret.Metadata.NamespaceProperty);
        }

        if (token is not null)
        {
            secret.Data[Token] = Encoding.UTF8.GetBytes(token);
        }

        secret.Metadata.Annotations[UidAnnotation] = accountUid;
    }

    private static bool Holds(V1Secret secret, string authorities) =>
        secret.Data?.TryGetValue(Authorities, out var bytes) == true
        && bytes.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(authorities));
}
