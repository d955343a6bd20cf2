using k8s.Models;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;

namespace OrleansOrchestrator.Grains.Certificates.SigningRequests;

/// <summary>A right whose holder needs nobody else's approval.</summary>
/// <param name="Subresource">What they may create, of certificatesigningrequests.</param>
/// <param name="Message">What the approval says.</param>
public sealed record ApprovalReview(string Subresource, string Message);

/// <summary>What the signer of a request has to do.</summary>
public enum SigningStep
{
    /// <summary>It is not approved, done with, or somebody else's.</summary>
    None,

    /// <summary>Give the certificate.</summary>
    Sign,

    /// <summary>Say why there will be none.</summary>
    Fail,
}

/// <summary>
/// The life of a CertificateSigningRequest, as upstream's approver, signers and cleaner have it
/// (<c>pkg/controller/certificates</c>).
/// </summary>
public static class SigningRequestPlanner
{
    /// <summary>How long the certificates live for which nothing shorter was asked.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(365);

    private static readonly TimeSpan MinValidity = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PendingLife = TimeSpan.FromHours(24);
    private static readonly TimeSpan DoneLife = TimeSpan.FromHours(1);

    private static readonly ApprovalReview OwnNode = new(
        "selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.");

    private static readonly ApprovalReview AnyNode = new(
        "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.");

    /// <summary>The rights of which one is enough to approve an undecided request; none for most.</summary>
    public static IReadOnlyList<ApprovalReview> Reviews(V1CertificateSigningRequest request)
    {
        if (request.Spec.SignerName != KubernetesSigners.KubeletClient
            || IsIssued(request)
            || Find(request, CertificateSigningRequestStrategy.Approved) is not null
            || Find(request, CertificateSigningRequestStrategy.Denied) is not null
            || RequestContents.Read(request.Spec.Request) is not { } contents
            || KubernetesSigners.Complaint(KubernetesSigners.KubeletClient, contents, request.Spec.Usages ?? [])
                is not null)
        {
            return [];
        }

        return request.Spec.Username == contents.CommonName ? [OwnNode, AnyNode] : [AnyNode];
    }

    /// <summary>What its signer does with a request, and why it fails if so.</summary>
    public static (SigningStep Step, string Complaint) Sign(V1CertificateSigningRequest request)
    {
        if (!KubernetesSigners.Knows(request.Spec.SignerName)
            || IsIssued(request)
            || Find(request, CertificateSigningRequestStrategy.Approved) is null
            || Find(request, CertificateSigningRequestStrategy.Denied) is not null
            || Find(request, CertificateSigningRequestStrategy.Failed) is not null
            || RequestContents.Read(request.Spec.Request) is not { } contents)
        {
            return (SigningStep.None, "");
        }

        return KubernetesSigners.Complaint(request.Spec.SignerName, contents, request.Spec.Usages ?? []) is { } why
            ? (SigningStep.Fail, why)
            : (SigningStep.Sign, "");
    }

    /// <summary>How long the certificate is to live.</summary>
    public static TimeSpan Validity(V1CertificateSigningRequest request)
    {
        var asked = request.Spec.ExpirationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : MaxValidity;
        return asked > MaxValidity ? MaxValidity : asked < MinValidity ? MinValidity : asked;
    }

    /// <summary>When nobody needs the request any more; null for not before something happens to it.</summary>
    public static DateTimeOffset? End(V1CertificateSigningRequest request)
    {
        var conditions = request.Status?.Conditions ?? [];
        var ends = conditions.Where(c => IsDone(request, c.Type)).Select(c => After(c.LastUpdateTime, DoneLife));
        return conditions.Count == 0
            ? After(request.Metadata.CreationTimestamp, PendingLife)
            : ends.Append(EndOfIssued(request)).Min();
    }

    private static bool IsDone(V1CertificateSigningRequest request, string type) =>
        type is CertificateSigningRequestStrategy.Denied or CertificateSigningRequestStrategy.Failed
        || (type == CertificateSigningRequestStrategy.Approved && IsIssued(request));

    private static DateTimeOffset? EndOfIssued(V1CertificateSigningRequest request) =>
        Find(request, CertificateSigningRequestStrategy.Approved) is null
            ? null
            : PemRequests.EndOf(request.Status?.Certificate);

    private static DateTimeOffset? After(DateTime? time, TimeSpan life) =>
        time is { } known ? new DateTimeOffset(known.ToUniversalTime()) + life : null;

    private static bool IsIssued(V1CertificateSigningRequest request) =>
        request.Status?.Certificate is { Length: > 0 };

    private static V1CertificateSigningRequestCondition? Find(V1CertificateSigningRequest request, string type) =>
        request.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
}
