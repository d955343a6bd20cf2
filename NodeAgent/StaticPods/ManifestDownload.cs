using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>
/// Asks an address for pods of the node, a pod or a list of pods, again and again. As upstream's
/// <c>pkg/kubelet/config/http.go</c>: what cannot be had or used changes nothing, an empty answer ends all of them, and
/// what was there once already is not read again.
/// </summary>
public sealed partial class ManifestDownload : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly NodeAgentOptions _options;
    private readonly StaticPodSource _statics;
    private readonly ManifestFollower _files;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;
    private readonly ILogger<ManifestDownload> _logger;
    private readonly HttpClient _http;
    private byte[] _known = [];
    private string _problem = "";

    /// <param name="options">Say where, and how often.</param>
    /// <param name="statics">Takes the pods.</param>
    /// <param name="files">Counts what is of no use.</param>
    /// <param name="events">Tells of pods that are passed over.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Tells of what goes wrong, once of each.</param>
    /// <param name="handler">Asks the address; null for the network.</param>
    public ManifestDownload(
        NodeAgentOptions options, StaticPodSource statics, ManifestFollower files, EventRecorder events,
        TimeProvider time, ILogger<ManifestDownload> logger, HttpMessageHandler? handler = null)
    {
        (_options, _statics, _files, _events, _time, _logger) = (options, statics, files, events, time, logger);
        _http = new HttpClient(handler ?? new SocketsHttpHandler())
        {
            Timeout = Patience, MaxResponseContentBufferSize = Manifest.MaxBytes,
        };
        if (options.ManifestUrl.Length > 0)
        {
            statics.Expect(ConfigAnnotations.FromUrl); // before files are read
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (_options.ManifestUrl.Length > 0 && !stoppingToken.IsCancellationRequested)
        {
            await TryAsync(stoppingToken);
            await Task.Delay(_options.ManifestUrlPeriod, _time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LookAsync(stoppingToken);
            if (_problem.Length > 0)
            {
                _problem = "";
                LogReadAgain();
            }
        }
        catch (Exception failure) when (
            failure is HttpRequestException or ManifestException or IOException
            || (failure is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            _files.Failures.Add();
            if (_problem != failure.Message)
            {
                _problem = failure.Message;
                LogProblem(failure.Message);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _options.ManifestUrl);
        foreach (var header in _options.ManifestUrlHeaders)
        {
            TryAddHeader(request, header); // one that cannot be is no option's value
        }

        using var answer = await _http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        if (answer.StatusCode != System.Net.HttpStatusCode.OK)
        {
            throw new ManifestException($"{_options.ManifestUrl}: {(int)answer.StatusCode} {answer.ReasonPhrase}");
        }

        if (text.Length == 0)
        {
            _statics.Replace([], ConfigAnnotations.FromUrl);
            _known = text;
            throw new ManifestException($"zero-length data received from {_options.ManifestUrl}");
        }

        if (!text.AsSpan().SequenceEqual(_known))
        {
            var pods = Manifest.ReadAll(text, _options.ManifestUrl, _options.NodeName);
            _statics.Replace(
                [.. DuplicateNames.Without(pods, ConfigAnnotations.FromUrl, _events)], ConfigAnnotations.FromUrl);
            _known = text; // what was of no use is a failure again
        }
    }

    /// <summary>Sends a header along, NAME:VALUE; false when it can be none of a request.</summary>
    public static bool TryAddHeader(HttpRequestMessage request, string header) =>
        header.Split(':', 2) is [var name, var value]
        && request.Headers.TryAddWithoutValidation(name.Trim(), value.Trim());

    [LoggerMessage(1, LogLevel.Warning, "Failed to read pods from URL: {Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(2, LogLevel.Information, "Successfully read pods from URL.")]
    private partial void LogReadAgain();
}
