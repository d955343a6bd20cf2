using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>What a cloud's provider refused, and when it wants to be asked again.</summary>
internal sealed class RemoteCloudException(RpcException refusal) : CloudException(
    refusal.Status.Detail is { Length: > 0 } detail ? detail : $"the cloud says {refusal.StatusCode}",
    RetryDelay(refusal.Trailers))
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const string RetryInfoType = "/google.rpc.RetryInfo";

    /// <summary>Whatever a cloud says, it is asked again after that long.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    public StatusCode Code { get; } = refusal.StatusCode;

    private static TimeSpan? RetryDelay(Metadata trailers)
    {
        try
        {
            return trailers.GetValueBytes(DetailsTrailer) is { } bytes
                && StatusDetails.Parser.ParseFrom(bytes).Details.FirstOrDefault(IsRetryInfo) is { } any
                && RetryInfo.Parser.ParseFrom(any.Value).RetryDelay?.ToTimeSpan() is { Ticks: > 0 } wait
                ? wait < LongestDelay ? wait : LongestDelay
                : null;
        }
        catch (Exception nonsense) when (
            nonsense is InvalidProtocolBufferException or InvalidOperationException or OverflowException)
        {
            // Whoever asks has a back-off of their own.
            return null;
        }
    }

    private static bool IsRetryInfo(Any detail) => detail.TypeUrl.EndsWith(RetryInfoType, StringComparison.Ordinal);
}
