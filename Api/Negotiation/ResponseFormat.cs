namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>How the bytes of an answer are written.</summary>
public enum Wire
{
    Json,
    Yaml,
    Protobuf,
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
    public static readonly ResponseFormat Yaml = new() { Wire = Wire.Yaml };
    public static readonly ResponseFormat Protobuf = new() { Wire = Wire.Protobuf };

    public Wire Wire { get; init; }

    public ObjectForm Form { get; init; }

    /// <summary>Version of <c>meta.k8s.io</c> that the client asked a Table or metadata form in.</summary>
    public string MetaVersion { get; init; } = "v1";

    /// <summary>Indented JSON, for people with curl; the other wires are what they are.</summary>
    public bool Pretty { get; init; }

    /// <summary>True when an answer that was made in compact JSON is sent as something else.</summary>
    public bool IsRewritten => Wire != Wire.Json || Pretty;

    /// <summary>The same form for people; only JSON has another one for them.</summary>
    public ResponseFormat Indented() => Wire == Wire.Json ? this with { Pretty = true } : this;

    /// <summary>What the answer's Content-Type says.</summary>
    public string ContentType => Wire switch
    {
        Wire.Yaml => "application/yaml",
        Wire.Protobuf => "application/vnd.kubernetes.protobuf",
        _ => "application/json",
    };
}

/// <summary>What kind of answer an endpoint gives, which decides the representations it offers.</summary>
public enum EndpointKind
{
    Object,
    Collection,

    /// <summary>An object that is made to answer one request and kept nowhere: no Table is made of it.</summary>
    Answer,

    /// <summary>Discovery and failures: nothing stands for them but themselves.</summary>
    Discovery,
    AggregatedDiscovery,
}
