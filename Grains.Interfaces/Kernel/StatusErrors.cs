using System.Globalization;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Constructors of failures, one for each of apimachinery's <c>api/errors</c> (same reasons, codes and texts).
/// </summary>
public static class StatusErrors
{
    public static Status NotFound(ResourceName resource, string name) => new()
    {
        Code = 404,
        Reason = StatusReasons.NotFound,
        Message = $"{resource.Qualified} \"{name}\" not found",
        Details = new StatusDetails { Name = name, Group = NullIfEmpty(resource.Group), Kind = resource.Plural },
    };

    public static Status AlreadyExists(ResourceName resource, string name) => new()
    {
        Code = 409,
        Reason = StatusReasons.AlreadyExists,
        Message = $"{resource.Qualified} \"{name}\" already exists",
        Details = new StatusDetails { Name = name, Group = NullIfEmpty(resource.Group), Kind = resource.Plural },
    };

    /// <summary>A name that comes of a prefix is taken; another attempt may find one that is free.</summary>
    public static Status GenerateNameConflict(ResourceName resource, string name)
    {
        var taken = AlreadyExists(resource, name);
        return taken with
        {
            Message = $"{taken.Message}, the server was not able to generate a unique name for the object",
            Details = taken.Details! with { RetryAfterSeconds = 1 },
        };
    }

    public static Status Conflict(ResourceName resource, string name, string why) => new()
    {
        Code = 409,
        Reason = StatusReasons.Conflict,
        Message = $"Operation cannot be fulfilled on {resource.Qualified} \"{name}\": {why}",
        Details = new StatusDetails { Name = name, Group = NullIfEmpty(resource.Group), Kind = resource.Plural },
    };

    /// <summary>The optimistic lock failed; the text is upstream's.</summary>
    public static Status Modified(ResourceName resource, string name) => Conflict(
        resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static Status Forbidden(ResourceName resource, string name, string why) => new()
    {
        Code = 403,
        Reason = StatusReasons.Forbidden,
        Message = resource.Plural.Length == 0
            ? $"forbidden: {why}"
            : name.Length == 0
                ? $"{resource.Qualified} is forbidden: {why}"
                : $"{resource.Qualified} \"{name}\" is forbidden: {why}",
        Details = new StatusDetails
        {
            Name = NullIfEmpty(name), Group = NullIfEmpty(resource.Group), Kind = NullIfEmpty(resource.Plural),
        },
    };

    public static Status Unauthorized(string message = "Unauthorized") => new()
    {
        Code = 401, Reason = StatusReasons.Unauthorized, Message = message,
    };

    public static Status BadRequest(string message) => new()
    {
        Code = 400, Reason = StatusReasons.BadRequest, Message = message,
    };

    public static Status Gone(string message) => new() { Code = 410, Reason = StatusReasons.Gone, Message = message };

    /// <summary>A list token or watch revision is older than what the change log keeps.</summary>
    public static Status Expired(string message) =>
        new() { Code = 410, Reason = StatusReasons.Expired, Message = message };

    public static Status TooOldResourceVersion(long requested, long oldest) => Expired(
        string.Create(CultureInfo.InvariantCulture, $"too old resource version: {requested} ({oldest})"));

    /// <summary>Refused before anything was done; the client may repeat after the given seconds.</summary>
    public static Status ServiceUnavailable(string message, int retryAfterSeconds = 1) => new()
    {
        Code = 503,
        Reason = StatusReasons.ServiceUnavailable,
        Message = message,
        Details = new StatusDetails { RetryAfterSeconds = retryAfterSeconds },
    };

    public static Status TooManyRequests(string message, int retryAfterSeconds) => new()
    {
        Code = 429,
        Reason = StatusReasons.TooManyRequests,
        Message = message,
        Details = new StatusDetails { RetryAfterSeconds = retryAfterSeconds },
    };

    /// <summary>
    /// Nobody knows whether the operation happened. Never carries a Retry-After: client-go repeats any verb whose
    /// answer has one (<c>rest/with_retry.go</c>).
    /// </summary>
    public static Status Timeout(string message) => new()
    {
        Code = 504, Reason = StatusReasons.Timeout, Message = $"Timeout: {message}", Details = new StatusDetails(),
    };

    public static Status InternalError(string message) => new()
    {
        Code = 500,
        Reason = StatusReasons.InternalError,
        Message = $"Internal error occurred: {message}",
        Details = new StatusDetails { Causes = [new StatusCause(null, message, null)] },
    };

    /// <summary>What upstream makes of an error that is none of its own kinds: 500, a text, and no reason.</summary>
    public static Status Unknown(string message) => new() { Code = 500, Reason = "", Message = message };

    public static Status RequestEntityTooLarge(string message) => new()
    {
        Code = 413, Reason = StatusReasons.RequestEntityTooLarge, Message = $"Request entity is too large: {message}",
    };

    /// <summary>This server does not do that yet.</summary>
    public static Status NotImplemented(string what) => new()
    {
        Code = 501, Reason = "NotImplemented", Message = $"not implemented: {what}",
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
