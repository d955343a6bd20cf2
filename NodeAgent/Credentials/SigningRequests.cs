using System.Net;
using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>
/// Asks the cluster for certificates: sends a request, and waits until somebody has approved and signed it.
/// </summary>
/// <param name="connect">Who asks: says it anew for each request.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it is told.</param>
public sealed partial class SigningRequests(Func<IKubernetes> connect, TimeProvider time, ILogger logger)
{
    /// <summary>How long an answer is waited for; then the request is sent anew.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>The certificate for a key, as PEM.</summary>
    /// <param name="wish">What is asked for.</param>
    /// <param name="key">The key that it is for.</param>
    /// <param name="name">The request's name; null for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string> AskAsync(
        CertificateWish wish, ECDsa key, string? name, CancellationToken cancellationToken)
    {
        var client = connect();
        var request = await SendAsync(client, wish, key, name, cancellationToken);
        LogSent(request.Metadata.Name, wish.Signer);
        var certificate = await WaitAsync(client, request, cancellationToken);
        return Encoding.ASCII.GetString(certificate);
    }

    private static async Task<V1CertificateSigningRequest> SendAsync(
        IKubernetes client, CertificateWish wish, ECDsa key, string? name, CancellationToken cancellationToken)
    {
        var request = new V1CertificateSigningRequest
        {
            ApiVersion = "certificates.k8s.io/v1",
            Kind = "CertificateSigningRequest",
            Metadata = new V1ObjectMeta { Name = name, GenerateName = name is null ? "csr-" : null },
            Spec = new V1CertificateSigningRequestSpec
            {
                SignerName = wish.Signer, Usages = wish.Usages, Request = wish.Request(key),
            },
        };
        try
        {
            return await client.CertificatesV1.CreateCertificateSigningRequestAsync(
                request, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException exists)
            when (name is not null && exists.Response?.StatusCode == HttpStatusCode.Conflict)
        {
            // Of the same key, by its name: from before a restart.
            return await client.CertificatesV1.ReadCertificateSigningRequestAsync(
                name, cancellationToken: cancellationToken);
        }
    }

    private async Task<byte[]> WaitAsync(
        IKubernetes client, V1CertificateSigningRequest sent, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var following = Follow(client, sent, answer).RunAsync(stop.Token);
        try
        {
            return await answer.Task.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new CertificateRefusedException(
                $"certificate signing request {sent.Metadata.Name} was not signed within "
                    + $"{Patience.TotalMinutes} minutes");
        }
        finally
        {
            await stop.CancelAsync();
            await following;
        }
    }

    private Reflector<V1CertificateSigningRequest> Follow(
        IKubernetes client, V1CertificateSigningRequest sent, TaskCompletionSource<byte[]> answer)
    {
        var selector = $"metadata.name={sent.Metadata.Name}";
        return new Reflector<V1CertificateSigningRequest>("a certificate signing request", time, logger)
        {
            List = async token =>
            {
                var list = await client.CertificatesV1.ListCertificateSigningRequestAsync(
                    fieldSelector: selector, cancellationToken: token);
                return new ObjectList<V1CertificateSigningRequest>([.. list.Items], list.Metadata.ResourceVersion);
            },
            Watch = (revision, onError, token) => client.CertificatesV1.WatchListCertificateSigningRequestAsync(
                fieldSelector: selector,
                resourceVersion: revision,
                allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1CertificateSigningRequest>.WatchSeconds,
                onError: onError,
                cancellationToken: token),
            Replaced = all => Judge(sent, all.Count == 0 ? null : all[0], answer),
            Changed = (type, item) => Judge(sent, type == WatchEventType.Deleted ? null : item, answer),
        };
    }

    private static void Judge(
        V1CertificateSigningRequest sent, V1CertificateSigningRequest? now, TaskCompletionSource<byte[]> answer)
    {
        var name = sent.Metadata.Name;
        if (now?.Metadata.Uid != sent.Metadata.Uid)
        {
            answer.TrySetException(new CertificateRefusedException($"certificate signing request {name} was deleted"));
            return;
        }

        foreach (var condition in now.Status?.Conditions ?? [])
        {
            if (condition.Type is "Denied" or "Failed")
            {
                var what = condition.Type == "Denied" ? "is denied" : "failed";
                answer.TrySetException(new CertificateRefusedException(
                    $"certificate signing request {name} {what}, reason: {condition.Reason}, "
                        + $"message: {condition.Message}"));
                return;
            }
        }

        if (now.Status?.Certificate is { Length: > 0 } certificate
            && now.Status.Conditions?.Any(c => c.Type == "Approved") == true)
        {
            answer.TrySetResult(certificate);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Certificate signing request {Name} waits for {Signer}")]
    private partial void LogSent(string name, string signer);
}

/// <summary>The cluster gives no certificate, or not in time.</summary>
public sealed class CertificateRefusedException(string message) : Exception(message);
