using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>
/// Validation of CertificateSigningRequests. What an object was stored with before a rule came is tolerated when it is
/// updated.
/// </summary>
internal static class SigningRequestRules
{
    private const string LegacySigner = "kubernetes.io/legacy-unknown";
    private const int MinSeconds = 600;

    private static readonly string[] Usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
        "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
        "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
        "server auth", "signing", "timestamping",
    ];

    private static readonly string[] Decisions =
        [CertificateSigningRequestStrategy.Approved, CertificateSigningRequestStrategy.Denied];

    private static readonly string[] TrueOnly = [.. Decisions, CertificateSigningRequestStrategy.Failed];
    private static readonly string[] Statuses = ["False", "True", "Unknown"];
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Conditions = FieldPath.Of("status", "conditions");
    private static readonly FieldPath Certificate = FieldPath.Of("status", "certificate");

    public static void Validate(V1CertificateSigningRequest item, V1CertificateSigningRequest? old, FieldErrors errors)
    {
        var spec = item.Spec;
        if (PemRequests.Complaint(spec.Request) is { } complaint)
        {
            var shown = spec.Request is null ? null : Convert.ToBase64String(spec.Request);
            errors.Invalid(Spec.Child("request"), shown, complaint);
        }

        ValidateUsages(spec.Usages ?? [], old?.Spec.Usages ?? [], errors);
        ValidateSigner(spec.SignerName ?? "", old?.Spec.SignerName, errors);
        if (spec.ExpirationSeconds < MinSeconds)
        {
            errors.Invalid(
                Spec.Child("expirationSeconds"),
                spec.ExpirationSeconds,
                "may not specify a duration less than 600 seconds (10 minutes)");
        }

        ValidateConditions(item.Status?.Conditions ?? [], old?.Status?.Conditions ?? [], errors);
        if (PemRequests.CertificateComplaint(item.Status?.Certificate) is { } wrong
            && PemRequests.CertificateComplaint(old?.Status?.Certificate) is null)
        {
            errors.Invalid(Certificate, "<certificate data>", wrong);
        }
    }

    /// <summary>
    /// Who may change what: decisions through <c>approval</c>, the certificate, once, through <c>status</c>.
    /// </summary>
    public static void ValidateTransition(
        V1CertificateSigningRequest item, V1CertificateSigningRequest old, string subresource, FieldErrors errors)
    {
        foreach (var type in TrueOnly)
        {
            if (Of(item, type).Count < Of(old, type).Count)
            {
                errors.Forbidden(Conditions, $"updates may not remove a condition of type {GoText.Quote(type)}");
            }
        }

        foreach (var type in subresource == "approval" ? [] : Decisions)
        {
            ValidateDecision(type, Of(item, type), Of(old, type), errors);
        }

        var (next, before) = (item.Status?.Certificate ?? [], old.Status?.Certificate ?? []);
        if (!next.AsSpan().SequenceEqual(before))
        {
            if (subresource != "status")
            {
                errors.Forbidden(Certificate, "updates may not set certificate content");
            }
            else if (before.Length > 0)
            {
                errors.Forbidden(Certificate, "updates may not modify existing certificate content");
            }
        }
    }

    private static void ValidateDecision(
        string type,
        List<V1CertificateSigningRequestCondition> next,
        List<V1CertificateSigningRequestCondition> old,
        FieldErrors errors)
    {
        if (next.Count > old.Count)
        {
            errors.Forbidden(Conditions, $"updates may not add a condition of type {GoText.Quote(type)}");
        }
        else if (next.Count == old.Count && !next.Zip(old).All(p => ModelShape.SemanticEquals(p.First, p.Second)))
        {
            var difference = new UnifiedDiff().Compare(
                InternalForm.IndentedList(old), InternalForm.IndentedList(next));
            errors.Forbidden(
                Conditions, $"updates may not modify a condition of type {GoText.Quote(type)}\n{difference}");
        }
    }

    private static void ValidateUsages(IList<string> usages, IList<string> old, FieldErrors errors)
    {
        var path = Spec.Child("usages");
        if (usages.Count == 0)
        {
            errors.Required(path);
        }

        var (allKnown, allDistinct) = (old.All(Usages.Contains), old.Distinct().Count() == old.Count);
        for (var i = 0; i < usages.Count && allKnown; i++)
        {
            if (!Usages.Contains(usages[i]))
            {
                errors.NotSupported(path.Index(i), usages[i], Usages);
            }
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < usages.Count && allDistinct; i++)
        {
            if (!seen.Add(usages[i]))
            {
                errors.Duplicate(path.Index(i), usages[i]);
            }
        }
    }

    private static void ValidateSigner(string signer, string? old, FieldErrors errors)
    {
        if (signer == LegacySigner && old != LegacySigner)
        {
            errors.Invalid(
                Spec.Child("signerName"), signer, "the legacy signerName is not allowed via this API version");
        }
        else
        {
            SignerNames.Validate(signer, Spec.Child("signerName"), errors);
        }
    }

    private static void ValidateConditions(
        IList<V1CertificateSigningRequestCondition> conditions,
        IList<V1CertificateSigningRequestCondition> old,
        FieldErrors errors)
    {
        var hadUntyped = old.Any(c => string.IsNullOrEmpty(c.Type));
        var hadBoth = Decisions.All(d => old.Any(c => c.Type == d));
        var hadTwice = old.DistinctBy(c => c.Type).Count() < old.Count;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < conditions.Count; i++)
        {
            var (type, path) = (conditions[i].Type ?? "", Conditions.Index(i));
            if (type.Length == 0 && !hadUntyped)
            {
                errors.Required(path.Child("type"));
            }

            ValidateStatus(
                conditions[i].Status, TrueOnly.Contains(type) ? ["True"] : Statuses, path.Child("status"), errors);
            if (!hadBoth && Decisions.Contains(type) && Decisions.Any(d => d != type && seen.Contains(d)))
            {
                errors.Invalid(Conditions, type, "Approved and Denied conditions are mutually exclusive");
            }

            if (!seen.Add(type) && !hadTwice)
            {
                errors.Duplicate(path.Child("type"), type);
            }
        }
    }

    private static void ValidateStatus(string? status, string[] allowed, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(status))
        {
            errors.Required(path);
        }
        else if (!allowed.Contains(status))
        {
            errors.NotSupported(path, status, allowed);
        }
    }

    private static List<V1CertificateSigningRequestCondition> Of(V1CertificateSigningRequest item, string type) =>
        [.. (item.Status?.Conditions ?? []).Where(c => c.Type == type)];
}
