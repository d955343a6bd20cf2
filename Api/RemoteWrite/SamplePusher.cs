using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.RemoteWrite;

/// <summary>
/// Pushes rounds to a receiver of remote write, one after the other. What the receiver cannot take now is sent again
/// until it can, while rounds wait within their bound; what it refuses is dropped. All that is dropped is counted.
/// </summary>
internal sealed partial class SamplePusher : BackgroundService, IUsagePush
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private static readonly Meter Meter = new("OrleansOrchestrator.RemoteWrite");
    private static readonly Counter<long> Pushed = Meter.CreateCounter<long>(
        "orc_remote_write_samples_total", description: "Samples that the receiver of remote write took.");
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "orc_remote_write_dropped_samples_total",
        description: "Samples that waited too long for the receiver of remote write, or that it refused.");

    private readonly RemoteWriteOptions _options;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger<SamplePusher> _logger;
    private readonly Channel<UsageRound> _waiting;

    public SamplePusher(
        RemoteWriteOptions options, HttpClient client, TimeProvider time, ILogger<SamplePusher> logger)
    {
        (_options, _client, _time, _logger) = (options, client, time, logger);
        _waiting = Channel.CreateBounded<UsageRound>(
            new BoundedChannelOptions(options.MaxWaiting)
            {
                FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true,
            },
            static gone => Dropped.Add(WriteRequest.Count(gone)));
    }

    /// <inheritdoc/>
    public void Offer(UsageRound round) => _waiting.Writer.TryWrite(round);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var round in _waiting.Reader.ReadAllAsync(stoppingToken))
            {
                var (message, samples) = WriteRequest.Of(round);
                if (samples > 0)
                {
                    (await TryPushAsync(SnappyBlock.Encode(message), stoppingToken) ? Pushed : Dropped).Add(samples);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo ends: the history has what waits.
        }
    }

    /// <summary>Until it is taken or refused, however long.</summary>
    private async Task<bool> TryPushAsync(byte[] body, CancellationToken cancellationToken)
    {
        var isFailing = false;
        for (var pause = _options.FirstPause; ; pause = Periods.AfterAnother(pause, LongestPause))
        {
            var (code, reason) = await PostAsync(body, cancellationToken);
            if (code is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices)
            {
                return true;
            }

            if (code is not (null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError))
            {
                LogRefused(Shown(_options.Target), (int)code);
                return false;
            }

            if (!isFailing)
            {
                isFailing = true;
                LogLater(Shown(_options.Target), reason);
            }

            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    /// <summary>The code of the answer; null for none, and why.</summary>
    private async Task<(HttpStatusCode? Code, string Reason)> PostAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _options.Target);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            request.Content.Headers.ContentEncoding.Add("snappy");
            request.Headers.Add("X-Prometheus-Remote-Write-Version", "0.1.0");
            if (_options.TokenFile is { } file)
            {
                var token = (await File.ReadAllTextAsync(file, either.Token)).Trim();
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            using var answer = await _client.SendAsync(request, either.Token);
            return (answer.StatusCode, $"it answered {(int)answer.StatusCode}");
        }
        catch (Exception failure) when (failure
            is HttpRequestException or IOException or UnauthorizedAccessException or FormatException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, failure.Message);
        }
    }

    /// <summary>Where it is, without what may be a password or a token: logs are kept, and read by others.</summary>
    private static string Shown(Uri target) =>
        target.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Target} takes no samples now ({Reason}); rounds wait, as far as they may")]
    private partial void LogLater(string target, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Target} refused samples: it answered {Code}")]
    private partial void LogRefused(string target, int code);
}
