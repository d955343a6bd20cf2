using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// What the audit log learns of one request while it is answered. It is a feature of the request, and of its write;
/// a request that is not audited has none.
/// </summary>
public sealed class AuditRecord
{
    private readonly List<KeyValuePair<string, string>> _annotations = [];

    /// <summary>How much is wanted.</summary>
    public required AuditLevel Level { get; init; }

    /// <summary>Of these stages there are no events.</summary>
    public AuditStages Omitted { get; init; }

    /// <summary>Bodies are logged without <c>metadata.managedFields</c>.</summary>
    public bool OmitsManagedFields { get; init; }

    /// <summary>The request's <c>Audit-ID</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Path and query as they were sent.</summary>
    public required string Uri { get; init; }

    public required RequestInfo Request { get; init; }

    /// <summary>Who sent it; null when nobody knows.</summary>
    public UserIdentity? User { get; init; }

    /// <summary>As whom the sender acts; null for themselves.</summary>
    public UserIdentity? ActsAs { get; private set; }

    /// <summary>The narrow right by which the sender acts as somebody else; empty for the old one.</summary>
    public string ImpersonationConstraint { get; private set; } = "";

    /// <summary>Whence it came; all but the last may say what its sender likes.</summary>
    public IReadOnlyList<string> SourceIps { get; init; } = [];

    public string UserAgent { get; init; } = "";

    public required DateTimeOffset Received { get; init; }

    /// <summary>Name, uid and revision that a body gives, where the path gives none.</summary>
    public (string Namespace, string Name, string Uid, string ResourceVersion) Body { get; private set; } =
        ("", "", "", "");

    /// <summary>The object, patch or options that were sent, in JSON; only at a level that wants it.</summary>
    public ReadOnlyMemory<byte> RequestObject { get; private set; }

    /// <summary>The object that was answered, in JSON; only at a level that wants it.</summary>
    public ReadOnlyMemory<byte> ResponseObject { get; private set; }

    /// <summary>The Status that was answered; null for none.</summary>
    public AuditStatus? Status { get; set; }

    public bool WantsRequest => Level >= AuditLevel.Request;

    public bool WantsResponse => Level >= AuditLevel.RequestResponse;

    /// <summary>The record of a request; null when it is not audited.</summary>
    public static AuditRecord? Of(HttpContext context) => context.Features.Get<AuditRecord>();

    /// <summary>The sender acts as somebody else.</summary>
    /// <param name="user">As whom.</param>
    /// <param name="constraint">By which right; empty for the old one.</param>
    public void Acts(UserIdentity user, string constraint) => (ActsAs, ImpersonationConstraint) = (user, constraint);

    /// <summary>What is said of the request by those who decide about it; of two that use one key the first counts.
    /// </summary>
    public void Annotate(string key, string value)
    {
        lock (_annotations)
        {
            if (!_annotations.Exists(a => a.Key == key))
            {
                _annotations.Add(new(key, value));
            }
        }
    }

    /// <summary>The annotations so far, by key.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Annotations()
    {
        lock (_annotations)
        {
            _annotations.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
            return [.. _annotations];
        }
    }

    /// <summary>A body was read that is an object; it is logged with its kind, whether it said that or not.</summary>
    public void Sent(IKubernetesObject<V1ObjectMeta> item, ExpectedBody expected)
    {
        var metadata = item.Metadata;
        Body = (
            metadata.NamespaceProperty ?? "", metadata.Name ?? "", metadata.Uid ?? "", metadata.ResourceVersion ?? "");
        if (!WantsRequest)
        {
            return;
        }

        var (version, kind) = (item.ApiVersion, item.Kind);
        item.ApiVersion = string.IsNullOrEmpty(version) ? expected.ApiVersion : version;
        item.Kind = string.IsNullOrEmpty(kind) ? expected.Kind : kind;
        RequestObject = ResourceCodec.Encode(item);
        (item.ApiVersion, item.Kind) = (version, kind);
    }

    /// <summary>A patch has come, if it is one, that is still to be read.</summary>
    public void SentPatch(WriteRequest request)
    {
        if (WantsRequest && request.Verb == WriteVerb.Patch)
        {
            Sent(request.Patch == PatchKind.Apply ? YamlConverter.ToJson(request.Body.Span).Json : request.Body);
        }
    }

    /// <summary>A body was read.</summary>
    public void Sent(ReadOnlyMemory<byte> json) => RequestObject = WantsRequest ? json : default;

    /// <summary>An object is answered.</summary>
    public void Answered(ReadOnlyMemory<byte> json) => ResponseObject = WantsResponse ? json : default;
}

/// <summary>What an answer says of itself.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Result"><c>Success</c>, <c>Failure</c>, or empty for an object.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="Reason">Why.</param>
/// <param name="Details">What it is about; null for nothing.</param>
public sealed record AuditStatus(
    int Code, string Result = "", string Message = "", string Reason = "", StatusDetails? Details = null)
{
    /// <summary>That of a refusal.</summary>
    public static AuditStatus Of(Status refusal) =>
        new(refusal.Code, "Failure", refusal.Message, refusal.Reason, refusal.Details);
}
