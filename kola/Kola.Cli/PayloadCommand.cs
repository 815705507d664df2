using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Kola.Updates;
using Kola.Updates.Payloads;

namespace Kola.Cli;

/// <summary><c>kola payload</c></summary>
internal static class PayloadCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static Command Create() => new("payload", "Works on update payloads, the files that machines are updated with. Nothing is booted.")
    {
        CreatePayload(),
        Verify(),
        Info(),
        Extract(),
        Hash(),
        Sign(),
    };

    private static Command CreatePayload()
    {
        var image = new Option<string>("--image") { Description = "What the partition is to hold: a file of whole blocks of 4096 bytes.", HelpName = "FILE", Required = true };
        var kernel = new Option<string?>("--kernel") { Description = "What the kernel file is to hold. Default: no kernel, as for a system extension.", HelpName = "FILE" };
        var oldImages = new Option<string[]>("--old-image") { Description = "What the partition may hold before: only what differs is put in. Several: what differs from any. Default: all is put in.", HelpName = "FILE" };
        var oldKernels = new Option<string[]>("--old-kernel") { Description = "The same of the kernel file.", HelpName = "FILE" };
        var bind = new Option<bool>("--bind-old") { Description = "Have clients refuse it where the partition does not hold the one old image." };
        var size = new Option<int[]>("--signature-size") { Description = "Leave room for a signature of this many bytes, to be put in by kola payload sign.", HelpName = "BYTES" };
        Option<string[]> keys = PrivateKeys("Sign it by a private RSA key (PEM). Several: the last is the one that clients of today look for.");
        Option<string> output = Output("Where the payload is to be.");
        var command = new Command("create", "Makes a payload: all of an image, or what differs from older ones. The same input and keys give the same bytes.") { image, kernel, oldImages, oldKernels, bind, size, keys, output };
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            using var signing = new SigningKeys(parsed.GetValue(keys) ?? []);
            if (parsed.GetValue(size)?.FirstOrDefault(s => s is < 64 or > 4096) is > 0 and var odd)
                throw new UsageException($"--signature-size {odd}\n  wanted:  bytes of an RSA signature, 64 to 4096: 256 for RSA-2048");
            var source = new PayloadSource
            {
                Image = ByteRange.Of(parsed.GetValue(image)!),
                Kernel = parsed.GetValue(kernel) is { } file ? ByteRange.Of(file) : null,
                OldImages = [.. (parsed.GetValue(oldImages) ?? []).Select(ByteRange.Of)],
                OldKernels = [.. (parsed.GetValue(oldKernels) ?? []).Select(ByteRange.Of)],
                BoundToOld = parsed.GetValue(bind),
                SignatureSizes = parsed.GetValue(size) ?? [],
            };
            await PayloadWriter.WriteAsync(source, parsed.GetValue(output)!, signing.Keys, interruptions.First);
        });
        return command;
    }

    private static Command Verify()
    {
        Argument<string> file = Payload();
        var key = new Option<string?>("--key") { Description = "Public key (PEM) it has to be signed by. Default: the signature is not looked at.", HelpName = "FILE" };
        Option<string?> oldImage = Old("--old-image"), oldKernel = Old("--old-kernel");
        var command = new Command("verify", "Goes over all of a payload: every place, size and hash, what comes of it, and the signature. Ends with 0 when all holds, with 1 when not.") { file, key, oldImage, oldKernel };
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            string name = parsed.GetValue(file)!;
            using RSA? rsa = parsed.GetValue(key) is { } pem ? SigningKeys.Read(pem) : null;
            try
            {
                var payload = PayloadFile.Open(name);
                (ByteRange? Image, ByteRange? Kernel) old = (Range(parsed.GetValue(oldImage)), Range(parsed.GetValue(oldKernel)));
                bool whole = await PayloadCheck.VerifyAsync(payload, rsa, interruptions.First);
                if (old is not (null, null))
                {
                    await Scratch.WithAsync(directory => PayloadCheck.ExtractAsync(payload, Path.Combine(directory, "image"), Path.Combine(directory, "kernel"), old, interruptions.First));
                    whole = true;
                }

                Console.Out.WriteLine($"{name}: {(rsa is null ? "whole; its signature was not looked at" : "whole, and signed by the key")}{(whole ? "" : "; what comes of it depends on what is there before: --old-image FILE holds that against it too")}");
                return ExitCode.Clean;
            }
            catch (PayloadException wrong)
            {
                await Console.Error.WriteLineAsync($"kola: {Described(name, wrong)}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static Command Info()
    {
        Argument<string> file = Payload();
        var json = new Option<bool>("--json") { Description = "Print it as JSON." };
        var command = new Command("info", "Says what a payload says of itself.") { file, json };
        command.SetAction(async (parsed, cancel) =>
        {
            PayloadSummary summary = await PayloadSummary.OfAsync(Open(parsed.GetValue(file)!), cancel);
            Console.Out.Write(parsed.GetValue(json) ? JsonSerializer.Serialize(summary, s_json) + "\n" : summary.ForPeople());
        });
        return command;
    }

    private static Command Extract()
    {
        Argument<string> file = Payload();
        var image = new Option<string>("--image") { Description = "Where what the partition is to hold is put.", HelpName = "FILE", Required = true };
        var kernel = new Option<string?>("--kernel") { Description = "Where the kernel is put. Default: nowhere.", HelpName = "FILE" };
        Option<string?> oldImage = Old("--old-image"), oldKernel = Old("--old-kernel");
        var command = new Command("extract", "Writes what a payload makes, and holds it against the payload's own hashes.") { file, image, kernel, oldImage, oldKernel };
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            PayloadFile payload = Open(parsed.GetValue(file)!);
            if (parsed.GetValue(kernel) is { } same && Path.GetFullPath(same) == Path.GetFullPath(parsed.GetValue(image)!))
                throw new UsageException($"--image and --kernel {same}\n  wanted:  two files");
            (ByteRange?, ByteRange?) old = (Range(parsed.GetValue(oldImage)), Range(parsed.GetValue(oldKernel)));
            await Refusing(payload.Path, () => NewFile.WriteAsync(parsed.GetValue(image)!, async (imageFile, token) =>
            {
                if (parsed.GetValue(kernel) is { } kernelFile)
                    await NewFile.WriteAsync(kernelFile, (aside, inner) => PayloadCheck.ExtractAsync(payload, imageFile, aside, old, inner), token);
                else
                    await PayloadCheck.ExtractAsync(payload, imageFile, null, old, token);
            }, interruptions.First));
        });
        return command;
    }

    private static Command Hash()
    {
        Argument<string> file = Payload();
        var output = new Option<string?>("--output", "-o") { Description = "Write the 32 bytes to a file, for openssl pkeyutl -sign -pkeyopt digest:sha256. Default: print them as hex digits.", HelpName = "FILE" };
        var command = new Command("hash", "Gives the sha256 of what is signed of a payload, for whoever keeps the key.") { file, output };
        command.SetAction(async (parsed, cancel) =>
        {
            byte[] hash = await PayloadSummary.SignedHashAsync(Open(parsed.GetValue(file)!), cancel);
            if (parsed.GetValue(output) is { } to)
                await NewFile.WriteAsync(to, (path, token) => File.WriteAllBytesAsync(path, hash, token), cancel);
            else
                Console.Out.WriteLine(Convert.ToHexStringLower(hash));
        });
        return command;
    }

    private static Command Sign()
    {
        Argument<string> file = Payload();
        Option<string[]> keys = PrivateKeys("Sign by a private RSA key (PEM).");
        var signatures = new Option<string[]>("--signature") { Description = "Put in a signature that was made of the payload's hash.", HelpName = "FILE" };
        Option<string> output = Output("Where the signed payload is to be.");
        var command = new Command("sign", "Puts signatures into a payload, in place of those it has or has room for.") { file, keys, signatures, output };
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            using var signing = new SigningKeys(parsed.GetValue(keys) ?? []);
            IReadOnlyList<ReadOnlyMemory<byte>> made = [.. (parsed.GetValue(signatures) ?? []).Select(ReadSignature)];
            if (signing.Keys.Count == 0 == (made.Count == 0))
                throw new UsageException("kola payload sign\n  wanted:  --key, or --signature, once or several times");
            PayloadFile payload = Open(parsed.GetValue(file)!);
            await PayloadSignatures.WriteAsync(payload, signing.Keys, made, parsed.GetValue(output)!, interruptions.First);
        });
        return command;
    }

    private static Argument<string> Payload() => new("file") { Description = "An update payload." };

    private static Option<string> Output(string what) => new("--output", "-o") { Description = what, HelpName = "FILE", Required = true };

    private static Option<string[]> PrivateKeys(string what) => new("--key") { Description = what, HelpName = "FILE" };

    private static Option<string?> Old(string name) => new(name) { Description = "What is there before, for a payload that changes it.", HelpName = "FILE" };

    private static ByteRange? Range(string? file) => file is null ? null : ByteRange.Of(file);

    private static ReadOnlyMemory<byte> ReadSignature(string file)
    {
        try
        {
            return File.ReadAllBytes(file) is { Length: >= 64 and <= 4096 } bytes ? bytes : throw new UsageException($"--signature {file}\n  wanted:  the bytes of an RSA signature, 64 to 4096 of them");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--signature {file}: cannot be read: {fault.Message}", fault);
        }
    }

    private static PayloadFile Open(string file)
    {
        try
        {
            return PayloadFile.Open(file);
        }
        catch (PayloadException wrong)
        {
            throw new UsageException(Described(file, wrong), wrong);
        }
    }

    private static async Task Refusing(string file, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (PayloadException wrong)
        {
            throw new UsageException(Described(file, wrong), wrong);
        }
    }

    private static string Described(string file, PayloadException wrong) =>
        $"{file}: {wrong.Message}\n  wanted:  an update payload that is whole\n  got:     what a client refuses with code {(int)wrong.Fault}{(wrong.Offset is { } at ? $", noticed at byte {at}" : "")}{(wrong.Fault is PayloadFault.Partition or PayloadFault.Kernel ? "\n  next:    is it one that changes what is there before? --old-image FILE, --old-kernel FILE" : "")}";
}
