using System.ComponentModel;
using System.Net.Sockets;
using Npgsql;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Tells what has gone wrong around us, which a user can mend, from what is wrong with us.</summary>
public static class Failures
{
    /// <summary>What to tell the user; null for a bug, whose stack trace is wanted.</summary>
    public static string? Sentence(Exception failure) => failure switch
    {
        UserErrorException or StoreVersionException or StoreKeyException or ConfigurationException => failure.Message,
        OperationCanceledException => "Stopped before it was done.",
        AggregateException { InnerExceptions: [var only] } => Sentence(only),

        // A file, a socket or a program, named in the message.
        IOException or UnauthorizedAccessException or SocketException or Win32Exception => OneLine(failure.Message),
        NpgsqlException => $"PostgreSQL: {OneLine(failure.Message)}",
        TimeoutException => $"No answer in time; this machine or PostgreSQL is too busy: {OneLine(failure.Message)}",
        _ => failure.InnerException is { } inner ? Sentence(inner) : null,
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
