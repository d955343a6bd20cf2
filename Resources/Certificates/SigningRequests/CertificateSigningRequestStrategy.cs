using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>
/// The rules of CertificateSigningRequests. Who asks is written by the server; approvers write conditions through
/// <c>approval</c>, signers the certificate through <c>status</c>, and nobody changes what was asked for.
/// </summary>
public sealed class CertificateSigningRequestStrategy : ResourceStrategy<V1CertificateSigningRequest>, IStampedStrategy
{
    public const string Approved = "Approved";
    public const string Denied = "Denied";
    public const string Failed = "Failed";

    private static readonly FieldFilter MetadataOnly = FieldFilter.Without(FieldSet.Of(["spec"], ["status"]));

    public override IReadOnlyList<SelectableField> SelectableFields { get; } = [new("spec.signerName")];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        TableColumns.Age,
        new("SignerName", "string", "", SigningRequestTexts.SignerName),
        new("Requestor", "string", "", "Base64-encoded PKCS#10 CSR data"),
        new("RequestedDuration", "string", "", SigningRequestTexts.Duration),
        new("Condition", "string", "", "Conditions applied to the request, such as approval or denial."),
    ];

    public override IReadOnlyList<object?> Cells(V1CertificateSigningRequest item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        TableColumns.AgeOf(item, now),
        item.Spec.SignerName is { Length: > 0 } signer ? signer : TableColumns.None,
        item.Spec.Username ?? "",
        item.Spec.ExpirationSeconds is { } seconds
            ? HumanDuration.Format(TimeSpan.FromSeconds(seconds))
            : TableColumns.None,
        Outcome(item.Status),
    ];

    /// <summary>What was asked for is nobody's, as nobody can change it.</summary>
    public override FieldFilter? OwnableFields(string subresource) =>
        subresource.Length == 0 ? MetadataOnly : FieldFilter.NoSpec;

    public override void SetDefaults(V1CertificateSigningRequest item)
    {
        item.Spec ??= new V1CertificateSigningRequestSpec();
        item.Status ??= new V1CertificateSigningRequestStatus();
        ModelShape.Normalize(item);
    }

    public override void PrepareForCreate(V1CertificateSigningRequest item) =>
        item.Status = new V1CertificateSigningRequestStatus();

    public override void Validate(V1CertificateSigningRequest item, FieldErrors errors) =>
        SigningRequestRules.Validate(item, null, errors);

    public override void PrepareForUpdate(
        V1CertificateSigningRequest item, V1CertificateSigningRequest old, string subresource)
    {
        item.Spec = old.Spec;
        item.Status = subresource switch
        {
            "status" => item.Status,
            "approval" => new() { Conditions = item.Status.Conditions, Certificate = old.Status?.Certificate },
            _ => old.Status,
        };
    }

    public override void ValidateUpdate(
        V1CertificateSigningRequest item, V1CertificateSigningRequest old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        SigningRequestRules.Validate(item, old, errors);
        SigningRequestRules.ValidateTransition(item, old, subresource, errors);
    }

    /// <summary>Any name will do.</summary>
    public override IEnumerable<string> ValidateName(string name, bool isPrefix) => [];

    /// <inheritdoc/>
    public void Stamp(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old, UserIdentity user, DateTime now)
    {
        var request = (V1CertificateSigningRequest)item;
        if (old is not V1CertificateSigningRequest before)
        {
            StampUser(request.Spec, user);
        }
        else if (!ReferenceEquals(request.Status, before.Status))
        {
            StampConditions(request.Status.Conditions ?? [], before.Status?.Conditions ?? [], now);
        }
    }

    private static void StampUser(V1CertificateSigningRequestSpec spec, UserIdentity user)
    {
        spec.Username = user.Name;
        spec.Uid = user.Uid.Length == 0 ? null : user.Uid;
        spec.Groups = user.Groups.Count == 0 ? null : [.. user.Groups];
        spec.Extra = user.Extra.Count == 0
            ? null
            : user.Extra.ToDictionary(e => e.Key, e => (IList<string>)[.. e.Value], StringComparer.Ordinal);
    }

    /// <summary>A condition keeps the time of its transition for as long as it has its status.</summary>
    private static void StampConditions(
        IList<V1CertificateSigningRequestCondition> conditions,
        IList<V1CertificateSigningRequestCondition> before,
        DateTime now)
    {
        foreach (var condition in conditions)
        {
            condition.LastUpdateTime ??= now;
            condition.LastTransitionTime ??= before.FirstOrDefault(b =>
                b.Type == condition.Type && b.Status == condition.Status && b.LastTransitionTime is not null)
                ?.LastTransitionTime ?? now;
        }
    }

    private static string Outcome(V1CertificateSigningRequestStatus? status)
    {
        bool Has(string type) => status?.Conditions?.Any(c => c.Type == type) == true;
        var decision = Has(Denied) ? Denied : Has(Approved) ? Approved : "Pending";
        return decision + (Has(Failed) ? ",Failed" : "") + (status?.Certificate is { Length: > 0 } ? ",Issued" : "");
    }
}
