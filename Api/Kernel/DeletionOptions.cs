using System.Text.Json;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary><c>meta/v1 DeleteOptions</c> as the pipeline uses them.</summary>
public sealed record DeletionOptions
{
    private const string Kind = "DeleteOptions";

    private static readonly string[] AnyVersion =
        ["CreateOptions", "UpdateOptions", "Status", "APIVersions", "APIGroupList", "APIGroup", "APIResourceList"];

    private static readonly string[] MetaVersion =
    [
        "ListOptions", "GetOptions", "PatchOptions", "WatchEvent", "Table", "TableOptions", "PartialObjectMetadata",
        "PartialObjectMetadataList",
    ];

    public bool DryRun { get; init; }

    public long? GracePeriodSeconds { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool? OrphanDependents { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>One deletion of many that a request asked for at once.</summary>
    public bool IsOfCollection { get; init; }

    /// <summary>As <see cref="DeleteRequest.IsExpiry"/>; nothing that is read from a request sets it.</summary>
    public bool IsExpiry { get; init; }

    /// <summary>The same as a model, for admission.</summary>
    public V1DeleteOptions ToModel() => new()
    {
        GracePeriodSeconds = GracePeriodSeconds, OrphanDependents = OrphanDependents,
        PropagationPolicy = PropagationPolicy,
        DryRun = DryRun ? ["All"] : null,
        Preconditions = new V1Preconditions { Uid = Uid, ResourceVersion = ResourceVersion },
    };

    /// <summary>From a body, which wins, or from the query.</summary>
    public static Outcome<DeletionOptions> Read(IQueryCollection query, ReadOnlyMemory<byte> json)
    {
        var read = json.Length > 0 ? FromBody(json.Span) : FromQuery(query);
        return read.Succeeded ? Validate(read.Value) : read.Error;
    }

    /// <summary>From options inside another object (an eviction).</summary>
    public static Outcome<DeletionOptions> Validate(V1DeleteOptions options)
    {
        var errors = new FieldErrors();
        var policy = options.PropagationPolicy;
        var path = FieldPath.Of("propagationPolicy");
        if (options.OrphanDependents is not null && policy is not null)
        {
            errors.Invalid(path, policy, "orphanDependents and deletionPropagation cannot be both set");
        }

        if (policy is not (null or "Foreground" or "Background" or "Orphan"))
        {
            errors.Add(
                "FieldValueNotSupported", path,
                $"Unsupported value: {GoText.Quote(policy)}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
        }

        WriteOptions.CheckDryRun([.. options.DryRun ?? []], errors);
        return errors.Count > 0
            ? errors.ToStatus("meta.k8s.io", Kind, "")
            : new DeletionOptions
            {
                DryRun = options.DryRun is { Count: > 0 },
                GracePeriodSeconds = options.GracePeriodSeconds,
                Uid = options.Preconditions?.Uid,
                ResourceVersion = options.Preconditions?.ResourceVersion,
                OrphanDependents = options.OrphanDependents,
                PropagationPolicy = policy,
            };
    }

    private static Outcome<V1DeleteOptions> FromBody(ReadOnlySpan<byte> json)
    {
        var decoding = new JsonDecoding();
        V1DeleteOptions options;
        try
        {
            if (BodyDecoder.NotAnObject(json) is { } wrong)
            {
                return StatusErrors.BadRequest(BodyDecoder.WrongValue(wrong));
            }

            options = (V1DeleteOptions)ResourceCodec.Read(typeof(V1DeleteOptions), json, decoding);
        }
        catch (JsonException)
        {
            return StatusErrors.BadRequest(BodyDecoder.ParseError + (GoJson.FindError(json) ?? "invalid JSON"));
        }

        return decoding.TypeMetaError is { } error ? StatusErrors.BadRequest(BodyDecoder.ParseError + error)
            : KindComplaint(options) is { } complaint ? StatusErrors.BadRequest(complaint)
            : decoding.Error is { } broken ? StatusErrors.BadRequest(broken)
            : options;
    }

    /// <summary>
    /// What upstream says of options that call themselves something else: it reads them with the kinds of meta alone,
    /// some of which it knows in every version.
    /// </summary>
    private static string? KindComplaint(V1DeleteOptions options)
    {
        var version = string.IsNullOrEmpty(options.ApiVersion) ? "meta.k8s.io/v1" : options.ApiVersion;
        var kind = string.IsNullOrEmpty(options.Kind) ? Kind : options.Kind;
        return version.Count(c => c == '/') > 1 ? $"unexpected GroupVersion string: {version}"
            : kind == Kind ? null
            : AnyVersion.Contains(kind) || (version == "meta.k8s.io/v1" && MetaVersion.Contains(kind))
                ? $"converting (v1.{kind}) to (v1.{Kind}): unknown conversion"
            : $"no kind {GoText.Quote(kind)} is registered for version {GoText.Quote(version)} in scheme "
                + GoText.Quote(BodyDecoder.Scheme);
    }

    private static Outcome<V1DeleteOptions> FromQuery(IQueryCollection query)
    {
        var options = new V1DeleteOptions();
        if (query.Count == 0)
        {
            return options;
        }

        var reader = new QueryReader(query);
        options.GracePeriodSeconds = reader.Number("gracePeriodSeconds");
        options.OrphanDependents = reader.OptionalFlag("orphanDependents");
        options.PropagationPolicy = reader.OptionalText("propagationPolicy");
        options.DryRun = reader.All("dryRun") is { Count: > 0 } dryRun ? [.. dryRun.Select(v => v ?? "")] : null;
        options.Preconditions = new V1Preconditions
        {
            Uid = reader.Text("uid") is { Length: > 0 } uid ? uid : null,
            ResourceVersion = reader.Text("resourceVersion") is { Length: > 0 } revision ? revision : null,
        };
        return reader.Refusal is { } refusal ? refusal : options;
    }
}
