using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>How a state becomes the content of a file, and is read from it.</summary>
public interface ICheckpointForm<T>
    where T : class
{
    /// <summary>The file's name.</summary>
    string Name { get; }

    /// <summary>What upstream calls the file.</summary>
    string Title { get; }

    byte[] Write(T state);

    /// <summary>
    /// What a content says; never one with a null where the state has none. Whatever JSON's or the numbers' reader
    /// throws means that the content is none of ours.
    /// </summary>
    /// <exception cref="InvalidDataException">It is damaged, or of another node than this.</exception>
    T Read(byte[] content);
}

/// <summary>States that are in files already.</summary>
public static class Checkpoint
{
    /// <summary>Refuses null where a property has none; what collections hold is for <see cref="Required"/>.</summary>
    public static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true };

    /// <summary>Where a state is.</summary>
    public static string PathOf<T>(string directory, ICheckpointForm<T> form)
        where T : class => Path.Combine(directory, form.Name);

    /// <summary>What a file has to say.</summary>
    /// <exception cref="InvalidDataException">It says null.</exception>
    public static T Required<T>(T? told)
        where T : class => told ?? throw new InvalidDataException("checkpoint is corrupted");

    /// <summary>The same of all that a collection holds.</summary>
    /// <exception cref="InvalidDataException">One is null.</exception>
    public static IEnumerable<T> AllRequired<T>(IEnumerable<T?> told)
        where T : class => told.Select(Required);

    /// <summary>What a file says; null where there is none.</summary>
    /// <exception cref="InvalidDataException">It cannot be read, or does not fit: upstream's sentence.</exception>
    public static T? Read<T>(string directory, ICheckpointForm<T> form)
        where T : class
    {
        var path = PathOf(directory, form);
        try
        {
            return File.Exists(path) ? form.Read(File.ReadAllBytes(path)) : null;
        }
        catch (Exception problem) when (problem is JsonException or InvalidDataException or IOException
            or UnauthorizedAccessException or FormatException or OverflowException or ArgumentException
            or InvalidOperationException)
        {
            throw new InvalidDataException(
                $"could not restore state from checkpoint: {problem.Message}, please drain this node and delete " +
                $"{form.Title} {GoQuotes.Quote(path)} before restarting Kubelet",
                problem);
        }
    }

    /// <summary>A state with what its file says, or the empty one.</summary>
    /// <exception cref="InvalidDataException">The same.</exception>
    public static Checkpoint<T> Open<T>(string directory, ICheckpointForm<T> form, T empty)
        where T : class => new(directory, form, Read(directory, form) ?? empty);
}

/// <summary>
/// A state of the agent's that outlives it, in a file that only its user can read. Where the disk is full, what is
/// taken is not taken, and what is given back is free: a restarted agent sees by its pods what is. A torn write leaves
/// the old file. Who has it sees to it that changes come one by one.
/// </summary>
public sealed class Checkpoint<T>(string directory, ICheckpointForm<T> form, T state)
    where T : class
{
    private readonly string _path = Checkpoint.PathOf(directory, form);

    public T State { get; private set; } = state;

    /// <summary>What it is from now on; on the disk before it counts.</summary>
    /// <exception cref="IOException">It cannot be written, and does not count.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public void Take(T next)
    {
        Write(next);
        State = next;
    }

    /// <summary>What it is from now on, with less than before; on the disk with the next change.</summary>
    public void Free(T next) => State = next;

    /// <summary>Writes what has been given back.</summary>
    /// <exception cref="IOException">It cannot be written, and counts all the same.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public void Flush() => Write(State);

    private void Write(T state) => OwnFiles.Replace(_path, form.Write(state), isDurable: true);
}
