using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What a webhook has answered, checked as upstream checks it.</summary>
internal sealed record AdmissionAnswer
{
    private const string Group = "admission.k8s.io";
    private const int LeastRefusal = 400;
    private const int MostCode = 999;

    public bool IsAllowed { get; private init; }

    /// <summary>A JSON patch; empty for none.</summary>
    public byte[] Patch { get; private init; } = [];

    public string PatchType { get; private init; } = "";

    public IReadOnlyList<string> Warnings { get; private init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> AuditAnnotations { get; private init; } = [];

    /// <summary>What the webhook says of a refusal; null when it says nothing.</summary>
    public JsonObject? Result { get; private init; }

    /// <summary>Reads an answer; the message of a failure says what is wrong with it.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="uid">The question's.</param>
    /// <param name="version">The version that it was asked in.</param>
    /// <param name="isMutating">Patches are welcome.</param>
    public static Outcome<AdmissionAnswer> Read(ReadOnlySpan<byte> json, string uid, string version, bool isMutating)
    {
        JsonNode? review;
        try
        {
            review = JsonTree.Parse(json);
        }
        catch (JsonException)
        {
            return NotRead($"{BodyDecoder.ParseError}{GoJson.FindError(json) ?? "invalid JSON"}");
        }

        if (review is not JsonObject body)
        {
            return NotRead(
                $"{BodyDecoder.ParseError}json: cannot unmarshal {JsonTree.Describe(review)} into Go value of type "
                + BodyDecoder.FindKind);
        }

        var fields = new AnswerFields();
        var response = fields.Object(body, "response", "AdmissionReview.response", "v1.AdmissionResponse");
        var answer = response is null ? null : Of(fields, response);
        return fields.Error is { } wrong ? NotRead(wrong)
            : answer is null ? Invalid("webhook response was absent")
            : version == "v1" ? Check(answer, body, response!, uid, isMutating)
            : answer with
            {
                Patch = isMutating ? answer.Patch : [],
                PatchType = isMutating && answer.Patch.Length > 0 ? "JSONPatch" : "",
            };
    }

    /// <summary>The refusal of a webhook as its client gets it.</summary>
    public Status Denial(string webhook)
    {
        var fields = new AnswerFields();
        var result = Result ?? [];
        var deniedBy = $"admission webhook {GoText.Quote(webhook)} denied the request";
        var reason = JsonTree.Text(result["reason"]) ?? "";
        var code = (int)Math.Clamp(fields.Number(result, "code"), LeastRefusal, MostCode);
        return new Status
        {
            Code = code,
            Reason = reason,
            Message = JsonTree.Text(result["message"]) is { Length: > 0 } message ? $"{deniedBy}: {message}"
                : reason.Length > 0 ? $"{deniedBy}: {reason}"
                : $"{deniedBy} without explanation",
            Details = DetailsOf(fields, result["details"] as JsonObject),
        };
    }

    private static AdmissionAnswer Of(AnswerFields fields, JsonObject response) => new()
    {
        IsAllowed = fields.Flag(response, "allowed", "AdmissionResponse.response.allowed"),
        Patch = fields.Bytes(response, "patch", "AdmissionResponse.response.patch"),
        PatchType = fields.Text(response, "patchType", "AdmissionResponse.response.patchType"),
        Warnings = fields.Texts(response, "warnings", "AdmissionResponse.response.warnings"),
        AuditAnnotations = fields.Map(response, "auditAnnotations", "AdmissionResponse.response.auditAnnotations"),
        Result = fields.Object(response, "status", "AdmissionResponse.response.status", "v1.Status"),
    };

    private static Outcome<AdmissionAnswer> Check(
        AdmissionAnswer answer, JsonObject review, JsonObject response, string uid, bool isMutating)
    {
        if (JsonTree.Text(response["uid"]) is var given && given != uid)
        {
            return Invalid($"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote(given ?? "")}");
        }

        var (group, version) = ApiVersions.Split(JsonTree.Text(review["apiVersion"]) ?? "");
        var kind = JsonTree.Text(review["kind"]) ?? "";
        if ((group, version, kind) != (Group, "v1", "AdmissionReview"))
        {
            return Invalid(
                $"expected webhook response of {Group}/v1, Kind=AdmissionReview, got {group}/{version}, Kind={kind}");
        }

        var (hasPatch, hasType) = (answer.Patch.Length > 0, response["patchType"] is not null);
        return (isMutating, hasPatch, hasType) switch
        {
            (true, true, false) => Invalid("webhook returned response.patch but not response.patchType"),
            (true, false, true) => Invalid("webhook returned response.patchType but not response.patch"),
            (true, true, true) when answer.PatchType.Length == 0 =>
                Invalid("webhook returned invalid response.patchType of \"\""),
            (false, true, _) => Invalid("validating webhook may not return response.patch"),
            (false, false, true) => Invalid("validating webhook may not return response.patchType"),
            _ => answer,
        };
    }

    private static StatusDetails? DetailsOf(AnswerFields fields, JsonObject? details) => details is null ? null : new()
    {
        Name = JsonTree.Text(details["name"]), Group = JsonTree.Text(details["group"]),
        Kind = JsonTree.Text(details["kind"]), Uid = JsonTree.Text(details["uid"]),
        RetryAfterSeconds = (int)Math.Clamp(fields.Number(details, "retryAfterSeconds"), 0, int.MaxValue),
        Causes = (details["causes"] as JsonArray)?.OfType<JsonObject>().Select(static c => new StatusCause(
            JsonTree.Text(c["reason"]), JsonTree.Text(c["message"]), JsonTree.Text(c["field"]))).ToList(),
    };

    private static Status NotRead(string why) => StatusErrors.ServiceUnavailable($"failed to call webhook: {why}");

    private static Status Invalid(string why) =>
        StatusErrors.ServiceUnavailable($"received invalid webhook response: {why}");
}
