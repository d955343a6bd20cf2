using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>What a body is expected to be.</summary>
/// <param name="Codec">Its form.</param>
/// <param name="ApiVersion">For example <c>apps/v1</c>.</param>
/// <param name="Kind">For example <c>Deployment</c>.</param>
public sealed record ExpectedBody(IObjectCodec Codec, string ApiVersion, string Kind)
{
    /// <summary>An older version of the same form, which clients may still send.</summary>
    public string? OldApiVersion { get; init; }

    public static ExpectedBody Of(ResourceDefinition definition) =>
        new(definition.Codec, definition.ApiVersion, definition.Kind);
}

/// <summary>
/// Turns request bodies into models, with upstream's refusals (its decoder's and <c>transformDecodeError</c>'s).
/// </summary>
public static class BodyDecoder
{
    /// <summary>Names upstream's scheme in messages.</summary>
    public const string Scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

    /// <summary>How complaints about unknown and duplicate fields begin.</summary>
    internal const string StrictError = "strict decoding error: ";

    /// <summary>Go's name of what it looks for the kind of an object with.</summary>
    internal const string FindKind =
        "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

    /// <summary>The refusal of a body in a format that nobody reads.</summary>
    public static readonly Status UnsupportedFormat = new()
    {
        Code = 415,
        Reason = StatusReasons.UnsupportedMediaType,
        Message = "the body of the request was in an unknown format - accepted media types include: " +
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    };

    /// <summary>Decodes a body of an expected kind.</summary>
    /// <param name="expected">The kind.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="format">Their format.</param>
    /// <param name="validation">What to do about unknown and duplicate fields.</param>
    /// <param name="warnings">Takes the texts of Warning headers.</param>
    /// <param name="cancellationToken">Ends the decoding when its client goes.</param>
    public static Outcome<IKubernetesObject<V1ObjectMeta>> Decode(
        ExpectedBody expected, ReadOnlyMemory<byte> body, BodyFormat format, FieldValidation validation,
        ICollection<string> warnings,
        CancellationToken cancellationToken = default)
    {
        var json = body;
        string? duplicateKeys = null;
        if (format == BodyFormat.Yaml)
        {
            var converted = YamlConverter.ToJson(body.Span);
            if (converted.Error is not null)
            {
                return Unrecognized(expected, body.Span, converted.Error);
            }

            json = converted.Json;
            duplicateKeys = converted.DuplicateKeys;
        }
        else if (format == BodyFormat.Protobuf)
        {
            var transcoded = ProtobufBody.ToJson(expected, body.Span);
            if (!transcoded.Succeeded)
            {
                return transcoded.Error;
            }

            // Strictness is about names of fields, of which protobuf has none.
            json = transcoded.Value;
            validation = FieldValidation.Ignore;
        }

        var decoding = new JsonDecoding(cancellationToken);
        return DecodeJson(expected, json.Span, body.Span, decoding, validation, duplicateKeys, warnings);
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> DecodeJson(
        ExpectedBody expected,
        ReadOnlySpan<byte> json,
        ReadOnlySpan<byte> original,
        JsonDecoding decoding,
        FieldValidation validation,
        string? duplicateKeys,
        ICollection<string> warnings)
    {
        IKubernetesObject<V1ObjectMeta> item;
        try
        {
            if (NotAnObject(json) is { } wrong)
            {
                return Unrecognized(expected, original, WrongValue(wrong));
            }

            item = expected.Codec.Read(json, decoding);
        }
        catch (JsonException)
        {
            return Unrecognized(expected, original, ParseError + (GoJson.FindError(json) ?? "invalid JSON"));
        }

        if (CheckType(expected, item, decoding, original) is { } refusal)
        {
            return refusal;
        }

        var read = validation == FieldValidation.Ignore ? json : original;
        if (item is CustomObject custom && CheckCustomType(expected, custom, read, validation) is { } wrongKind)
        {
            return wrongKind;
        }

        return Judge(expected, decoding, validation, duplicateKeys, warnings) is { } strict
            ? strict
            : Outcomes.Of(item);
    }

    /// <summary>How complaints about what is not JSON begin.</summary>
    internal const string ParseError = "couldn't get version/kind; json parse error: ";

    /// <summary>Go's word for a top-level value that is neither object nor null; checks its syntax first.</summary>
    internal static string? NotAnObject(ReadOnlySpan<byte> json)
    {
        var start = json.TrimStart(" \t\r\n"u8);
        if (start.Length > 0 && start[0] == '{')
        {
            return null;
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        var token = reader.TokenType;
        reader.Skip();
        reader.Read();
        return token == JsonTokenType.Null ? null : JsonDecoding.Describe(token);
    }

    /// <summary>What is said of such a value.</summary>
    internal static string WrongValue(string what) =>
        $"{ParseError}json: cannot unmarshal {what} into Go value of type {FindKind}";

    private static Status? CheckType(
        ExpectedBody expected, IKubernetesObject<V1ObjectMeta> item, JsonDecoding decoding, ReadOnlySpan<byte> original)
    {
        if (decoding.TypeMetaError is { } error)
        {
            return Unrecognized(expected, original, ParseError + error);
        }

        if (item is CustomObject || FindTypeConflict(expected, item) is not { } conflict)
        {
            return null;
        }

        var (version, kind, complaint) = conflict;
        if (version.Count(c => c == '/') > 1)
        {
            return Unrecognized(expected, original, complaint);
        }

        var (group, plainVersion) = ApiVersions.Split(version);
        return BuiltInSchema.IsKnown(version, kind) && kind == expected.Kind && ApiVersions.Split(expected.ApiVersion)
            .Group != group
            ? StatusErrors.BadRequest(
                $"the API version in the data ({version}) does not match the expected API version ({expected.ApiVersion})")
            : CannotHandle(kind, plainVersion, expected, complaint);
    }

    /// <summary>
    /// A custom object says itself what it is, in full: it is read as it stands, then converted to the version that is
    /// written, and held to its kind by the rules of that.
    /// </summary>
    private static Status? CheckCustomType(
        ExpectedBody expected, CustomObject item, ReadOnlySpan<byte> body, FieldValidation validation)
    {
        var apiVersion = item.ApiVersion ?? "";
        if (apiVersion == expected.ApiVersion && item.Kind == expected.Kind)
        {
            return null;
        }

        if (apiVersion.Count(c => c == '/') > 1)
        {
            return Unrecognized(expected, body, $"unexpected GroupVersion string: {apiVersion}");
        }

        var version = ApiVersions.Split(apiVersion).Version;
        if (CustomComplaint(expected, item, body) is not { } complaint)
        {
            return apiVersion == expected.ApiVersion
                ? CheckCustomKind(expected, item)
                : StatusErrors.BadRequest(
                    $"the API version in the data ({apiVersion}) does not match the expected API version "
                    + $"({expected.ApiVersion})");
        }

        return !string.IsNullOrEmpty(item.Kind) ? CannotHandle(item.Kind, version, expected, complaint)
            : validation != FieldValidation.Ignore ? Unrecognized(expected, body, complaint)
            : CannotHandle(
                expected.Kind, version.Length > 0 ? version : ApiVersions.Split(expected.ApiVersion).Version, expected,
                complaint);
    }

    /// <summary>What upstream's decoder and converter say of a custom object that is none of its kind's.</summary>
    internal static string? CustomComplaint(ExpectedBody expected, CustomObject item, ReadOnlySpan<byte> body)
    {
        if (item.ApiVersion == expected.ApiVersion && item.Kind == expected.Kind)
        {
            return null;
        }

        var (group, version) = ApiVersions.Split(item.ApiVersion ?? "");
        return string.IsNullOrEmpty(item.Kind) ? $"Object 'Kind' is missing in '{Encoding.UTF8.GetString(body)}'"
            : group == ApiVersions.Split(expected.ApiVersion).Group ? null
            : $"{group}/{version}, Kind={item.Kind} is unstructured and is not suitable for converting to "
                + GoText.Quote(expected.ApiVersion);
    }

    /// <summary>A custom object of the right group has to be of its kind.</summary>
    internal static Status? CheckCustomKind(ExpectedBody expected, CustomObject item)
    {
        if (item.Kind is not { } kind || kind == expected.Kind)
        {
            return null;
        }

        var errors = new FieldErrors();
        errors.Invalid(FieldPath.Of("kind"), kind, $"must be {expected.Kind}");
        return errors.ToStatus(ApiVersions.Split(expected.ApiVersion).Group, kind, item.Metadata.Name ?? "");
    }

    /// <summary>
    /// What upstream's decoder says of an object that is of another kind than expected; null when it is not.
    /// </summary>
    internal static (string Version, string Kind, string Complaint)? FindTypeConflict(
        ExpectedBody expected, IKubernetesObject<V1ObjectMeta> item)
    {
        var version = string.IsNullOrEmpty(item.ApiVersion) ? expected.ApiVersion : item.ApiVersion;
        var kind = string.IsNullOrEmpty(item.Kind) ? expected.Kind : item.Kind;
        if ((version == expected.ApiVersion || version == expected.OldApiVersion) && kind == expected.Kind)
        {
            return null;
        }

        var complaint = version.Count(c => c == '/') > 1
            ? $"unexpected GroupVersion string: {version}"
            : BuiltInSchema.IsKnown(version, kind)
            ? $"converting ({ApiVersions.Split(version).Version}.{kind}) to ({InternalPackage(expected.ApiVersion)}.{expected.Kind}): unknown conversion"
            : $"no kind {GoText.Quote(kind)} is registered for version {GoText.Quote(version)} in scheme {GoText.Quote(Scheme)}";
        return (version, kind, complaint);
    }

    /// <summary>Type errors refuse; strict findings refuse, warn or pass.</summary>
    private static Status? Judge(
        ExpectedBody expected, JsonDecoding decoding, FieldValidation validation, string? duplicateKeys, ICollection<string> warnings)
    {
        var version = ApiVersions.Split(expected.ApiVersion).Version;
        if (decoding.Error is { } error)
        {
            return CannotHandle(expected.Kind, version, expected, error);
        }

        if ((duplicateKeys is null && decoding.Findings.Count == 0) || validation == FieldValidation.Ignore)
        {
            return null;
        }

        if (validation == FieldValidation.Strict)
        {
            IEnumerable<string> findings =
                duplicateKeys is null ? decoding.Findings : [duplicateKeys, .. decoding.Findings];
            return CannotHandle(expected.Kind, version, expected, StrictError + string.Join(", ", findings));
        }

        if (duplicateKeys is not null)
        {
            YamlConverter.WarnOfDuplicates(duplicateKeys, warnings);
        }

        foreach (var finding in decoding.Findings)
        {
            warnings.Add(finding);
        }

        return null;
    }

    internal static Status CannotHandle(string kind, string version, ExpectedBody expected, string why) =>
        StatusErrors.BadRequest(
            $"{kind} in version {GoText.Quote(version)} cannot be handled as a {expected.Kind}: {why}");

    internal static Status Unrecognized(ExpectedBody expected, ReadOnlySpan<byte> body, string why) => StatusErrors.BadRequest(
        $"the object provided is unrecognized (must be of type {expected.Kind}): {why} ({Summarize(body)})");

    /// <summary>The beginning of a body as upstream quotes it: as text when it looks like JSON, else in hex.</summary>
    private static string Summarize(ReadOnlySpan<byte> body)
    {
        const int MaxShown = 30;
        if (body.Length == 0)
        {
            return "<empty>";
        }

        var shown = body.Length > MaxShown ? body[..MaxShown] : body;
        var text = body[0] == '{' ? Encoding.UTF8.GetString(shown) : Convert.ToHexStringLower(shown);
        return body.Length > MaxShown ? $"{text} ..." : text;
    }

    /// <summary>The package of upstream's internal types: core, apps, discovery …</summary>
    private static string InternalPackage(string apiVersion)
    {
        var group = ApiVersions.Split(apiVersion).Group;
        return group.Length == 0 ? "core" : group.Split('.')[0];
    }
}
