namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>A failure as clients see it: <c>meta/v1 Status</c> with <c>status: Failure</c>.</summary>
[GenerateSerializer, Immutable, Alias("orch.status")]
public sealed record Status
{
    /// <summary>HTTP status code.</summary>
    [Id(0)]
    public required int Code { get; init; }

    /// <summary>Machine-readable reason; one of <see cref="StatusReasons"/>, or empty.</summary>
    [Id(1)]
    public required string Reason { get; init; }

    /// <summary>Text for people; programs parse it too, so it matches upstream to the letter.</summary>
    [Id(2)]
    public required string Message { get; init; }

    /// <summary>What the failure is about, when known.</summary>
    [Id(3)]
    public StatusDetails? Details { get; init; }

    /// <summary>
    /// <c>metadata.continue</c>: how an expired paged list may go on at the newest state; null otherwise.
    /// </summary>
    [Id(4)]
    public string? Continue { get; init; }
}

/// <summary><c>meta/v1 StatusDetails</c>.</summary>
[GenerateSerializer, Immutable, Alias("orch.status-details")]
public sealed record StatusDetails
{
    [Id(0)]
    public string? Name { get; init; }

    [Id(1)]
    public string? Group { get; init; }

    /// <summary>Kind or resource name, as upstream's error constructors choose.</summary>
    [Id(2)]
    public string? Kind { get; init; }

    [Id(3)]
    public string? Uid { get; init; }

    [Id(4)]
    public IReadOnlyList<StatusCause>? Causes { get; init; }

    /// <summary>Seconds after which to try again; 0 is absent.</summary>
    [Id(5)]
    public int RetryAfterSeconds { get; init; }
}

/// <summary><c>meta/v1 StatusCause</c>.</summary>
[GenerateSerializer, Immutable, Alias("orch.status-cause")]
public sealed record StatusCause(
    [property: Id(0)] string? Reason,
    [property: Id(1)] string? Message,
    [property: Id(2)] string? Field);

/// <summary>The reasons of <c>meta/v1 StatusReason</c>.</summary>
public static class StatusReasons
{
    public const string Unknown = "";
    public const string Unauthorized = "Unauthorized";
    public const string Forbidden = "Forbidden";
    public const string NotFound = "NotFound";
    public const string AlreadyExists = "AlreadyExists";
    public const string Conflict = "Conflict";
    public const string Gone = "Gone";
    public const string Invalid = "Invalid";
    public const string ServerTimeout = "ServerTimeout";
    public const string Timeout = "Timeout";
    public const string TooManyRequests = "TooManyRequests";
    public const string BadRequest = "BadRequest";
    public const string MethodNotAllowed = "MethodNotAllowed";
    public const string NotAcceptable = "NotAcceptable";
    public const string RequestEntityTooLarge = "RequestEntityTooLarge";
    public const string UnsupportedMediaType = "UnsupportedMediaType";
    public const string InternalError = "InternalError";
    public const string Expired = "Expired";
    public const string ServiceUnavailable = "ServiceUnavailable";
}
