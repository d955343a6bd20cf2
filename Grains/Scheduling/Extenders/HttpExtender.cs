using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>
/// Calls one extender. What goes wrong is an answer, in the words of upstream's client; every call ends after
/// <see cref="ExtenderSettings.Timeout"/>.
/// </summary>
internal sealed class HttpExtender : IDisposable
{
    /// <summary>Bytes of an answer; the nodes of the largest clusters come back as whole objects.</summary>
    public const int MaxAnswer = 256 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public HttpExtender(ExtenderSettings settings, TimeProvider time)
    {
        (Settings, _time) = (settings, time);
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = Options(settings.Tls) })
        {
            Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer,
        };
    }

    public ExtenderSettings Settings { get; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// True for a pod of which a container asks for something that the extender manages, or when it manages all pods.
    /// </summary>
    public bool IsInterested(PodInfo pod)
    {
        if (Settings.ManagedResources.Count == 0)
        {
            return true;
        }

        using var document = JsonDocument.Parse(pod.Object!.Json);
        var spec = PodShapeParser.Property(document.RootElement, "spec");
        return PodShapeParser.Items(spec, "containers").Concat(PodShapeParser.Items(spec, "initContainers"))
            .Select(static c => PodShapeParser.Property(c, "resources"))
            .Any(r => Names(r, "requests") || Names(r, "limits"));

        bool Names(JsonElement? resources, string field) =>
            PodShapeParser.Property(resources, field) is { } amounts
            && amounts.EnumerateObject().Any(a => Settings.ManagedResources.Contains(a.Name));
    }

    /// <summary>Which of the nodes will do.</summary>
    public async Task<(FilterAnswer Answer, string? Error)> FilterAsync(
        PodInfo pod, IReadOnlyList<NodeInfo> nodes, CancellationToken cancellationToken)
    {
        var body = ExtenderQuestions.About(pod, nodes, Settings.KnowsNodes);
        var (answer, error) = await AskAsync(
            Settings.FilterVerb, body, ExtenderJson.Default.FilterAnswer, cancellationToken);
        return (answer ?? new FilterAnswer(), error ?? Complaint(answer?.Error));
    }

    /// <summary>Its scores.</summary>
    public Task<(IReadOnlyList<HostPriority?>? Answer, string? Error)> PrioritizeAsync(
        PodInfo pod, IReadOnlyList<NodeInfo> nodes, CancellationToken cancellationToken) => AskAsync(
        Settings.PrioritizeVerb,
        ExtenderQuestions.About(pod, nodes, Settings.KnowsNodes),
        ExtenderJson.Default.IReadOnlyListHostPriority,
        cancellationToken);

    /// <summary>Which pods may be removed, and where.</summary>
    public Task<(PreemptionAnswer? Answer, string? Error)> PreemptAsync(
        PodInfo pod, IReadOnlyList<PreemptionCandidate> candidates, CancellationToken cancellationToken) => AskAsync(
        Settings.PreemptVerb,
        ExtenderQuestions.Preemption(pod, candidates, Settings.KnowsNodes),
        ExtenderJson.Default.PreemptionAnswer,
        cancellationToken);

    /// <summary>Has it bind the pod; why it did not, or null.</summary>
    public async Task<string?> BindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        var (answer, error) = await AskAsync(
            Settings.BindVerb,
            ExtenderQuestions.Binding(pod, nodeName),
            ExtenderJson.Default.BindingAnswer,
            cancellationToken);
        return error ?? Complaint(answer?.Error);
    }

    private static SslClientAuthenticationOptions Options(ExtenderTls tls)
    {
        var options = ClientTls.Options(tls.Authorities, tls.Client);
        if (tls.IsInsecure)
        {
#pragma warning disable CA5359 // Its configuration says so: "insecure".
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        return options;
    }

    private static string? Complaint(string? error) => error is { Length: > 0 } ? error : null;

    /// <summary>The answer, which may be <c>null</c>; or what went wrong.</summary>
    private async Task<(T? Answer, string? Error)> AskAsync<T>(
        string verb, ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var url = $"{Settings.UrlPrefix.TrimEnd('/')}/{verb}";
        using var limit = new CancellationTokenSource(Periods.ForTimer(Settings.Timeout), _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var request = Request(url, body);
            using var response = await _http.SendAsync(request, ended.Token);
            return response.StatusCode == HttpStatusCode.OK
                ? Read(await response.Content.ReadAsByteArrayAsync(ended.Token), type)
                : (null, $"failed {verb} with extender at URL {url}, code {(int)response.StatusCode}");
        }
        catch (HttpRequestException failure)
        {
            return (null, $"Post \"{url}\": {failure.InnerException?.Message ?? failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            const string late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
            return (null, $"Post \"{url}\": {late}");
        }
    }

    /// <summary>
    /// The name that a certificate must have goes out as the host, too: the client takes it from there.
    /// </summary>
    private HttpRequestMessage Request(string url, ReadOnlyMemory<byte> body)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        request.Headers.Host = Settings.Tls.ServerName is { Length: > 0 } name ? name : null;
        return request;
    }

    private static (T? Answer, string? Error) Read<T>(byte[] json, JsonTypeInfo<T> type)
        where T : class
    {
        if (json.Length == 0)
        {
            return (null, "EOF");
        }

        try
        {
            return (JsonSerializer.Deserialize(json, type), null);
        }
        catch (JsonException bad)
        {
            // Of a stream that ends early Go says something else than of a text.
            var found = GoJson.FindError(json) ?? bad.Message;
            return (null, found == "unexpected end of JSON input" ? "unexpected EOF" : found);
        }
    }
}
