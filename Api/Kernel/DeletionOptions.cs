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
    public bool DryRun { get; init; }

    public long? GracePeriodSeconds { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool? OrphanDependents { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>.</summary>
    public string? PropagationPolicy { get; init; }

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
            ? errors.ToStatus("meta.k8s.io", "DeleteOptions", "")
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
            options = (V1DeleteOptions)ResourceCodec.Read(typeof(V1DeleteOptions), json, decoding);
        }
        catch (JsonException)
        {
            return StatusErrors.BadRequest(
                $"couldn't get version/kind; json parse error: {GoJson.FindError(json) ?? "invalid JSON"}");
        }

        if (decoding.TypeMetaError is { } wrong)
        {
            return StatusErrors.BadRequest($"couldn't get version/kind; json parse error: {wrong}");
        }

        var version = string.IsNullOrEmpty(options.ApiVersion) ? "v1" : options.ApiVersion;
        var kind = string.IsNullOrEmpty(options.Kind) ? "DeleteOptions" : options.Kind;
        if (kind != "DeleteOptions")
        {
            return StatusErrors.BadRequest(BuiltInSchema.IsKnown(version, kind)
                ? "decoded object cannot be converted to DeleteOptions"
                : $"no kind {GoText.Quote(kind)} is registered for version {GoText.Quote(version)} in scheme {GoText.Quote(BodyDecoder.Scheme)}");
        }

        return decoding.Error is { } error ? StatusErrors.BadRequest(error) : options;
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
        return reader.Refusal is { } refusal ? refusal : options;
    }
}
