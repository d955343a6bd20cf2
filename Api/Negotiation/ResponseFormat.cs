namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>How the bytes of an answer are written.</summary>
public enum Wire
{
    Json,
    Yaml,
}

/// <summary>What stands for the object in an answer: upstream's <c>as=</c> parameter of media types.</summary>
public enum ObjectForm
{
    /// <summary>The object or list itself.</summary>
    Full,

    Table,
    PartialObjectMetadata,
    PartialObjectMetadataList,

    /// <summary>Aggregated discovery; only discovery endpoints allow it.</summary>
    AggregatedDiscovery,
}

/// <summary>The outcome of content negotiation. The common answers are shared instances.</summary>
public sealed record ResponseFormat
{
    public static readonly ResponseFormat PlainJson = new();

    public Wire Wire { get; init; }

    public ObjectForm Form { get; init; }

    /// <summary>Version of <c>meta.k8s.io</c> that the client asked a Table or metadata form in.</summary>
    public string MetaVersion { get; init; } = "v1";

    /// <summary>Indented JSON, for people with curl.</summary>
    public bool Pretty { get; init; }

    /// <summary>True when committed JSON can be answered byte for byte.</summary>
    public bool IsVerbatim => Wire == Wire.Json && Form == ObjectForm.Full && !Pretty;

    /// <summary>What the answer's Content-Type says.</summary>
    public string ContentType { get; init; } = "application/json";
}

/// <summary>What kind of answer an endpoint gives, which decides the representations it offers.</summary>
public enum EndpointKind
{
    Object,
    Collection,
    Discovery,
    AggregatedDiscovery,
}
